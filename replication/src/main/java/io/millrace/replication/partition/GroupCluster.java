package io.millrace.replication.partition;

import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.snapshot.ServedCopies;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Members of one group: who they are, who leads, and changes of that, one at a time.
///
/// | change   | steps                                                                                    |
/// |----------|------------------------------------------------------------------------------------------|
/// | add      | probe its Raft port; write its document; new configuration, once it has caught up        |
/// | replace  | the same; the peer of the same node id leaves in the same configuration                  |
/// | remove   | refuse when too few would answer; new configuration; delete its documents                |
/// | drain    | document; leadership moves away, and again whenever a drained node has got it            |
///
/// Threading: any; changes run on a thread of their own, which waits for them.
final class GroupCluster implements Cluster {
    /// What it needs of the log around it.
    interface Documents {
        CompletableFuture<DocumentOutcome> put(String key, byte[] value);
    }

    private static final Logger LOG = LoggerFactory.getLogger(GroupCluster.class);
    private static final int CHANGES_MAX = 16;
    private static final int PROBE_TIMEOUT_MS = 3_000;
    private static final long DOCUMENT_TIMEOUT_MS = 10_000;
    private static final long TRANSFER_TIMEOUT_MS = 10_000;
    /// An election of one who has everything takes a fraction of this; for so long writes are refused when the
    /// successor has died.
    static final long TRANSFER_ATTEMPT_MS = 2_000;
    private static final long OTHERS_TIMEOUT_MS = 120_000;
    /// Without an answer for so long a follower does not count as one that could carry a majority.
    static final long SILENT_MS_MAX = 3_000;
    private static final long IN_PROGRESS_WAIT_NANOS = 10_000_000_000L;

    private final int group;
    private final Consensus consensus;
    private final Supplier<Optional<ClusterView.Transfer>> rebuild;
    private final Supplier<List<ServedCopies.Given>> given;
    private final Supplier<List<GroupLog.Other>> others;
    private final GroupPeers peers;
    private final MemberBook book;
    private final Documents documents;
    private final GroupLog.MembersFile file;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final List<Change> changes = new CopyOnWriteArrayList<>();
    private final ThreadPoolExecutor changer;

    // ---- the watch's memory; its thread only
    private @Nullable String leaderSeen;
    private List<Member> membersSeen = List.of();
    private List<String> drainingSeen = List.of();
    private List<Member> membersSaved;
    private volatile long elections;

    /// A change that waits or runs.
    private static final class Change {
        final String nodeId;
        final String what;
        final long begunNanos = System.nanoTime();
        volatile String state = "waiting";

        Change(String nodeId, String what) {
            this.nodeId = nodeId;
            this.what = what;
        }
    }

    /// @param given what this node has given away of its replica
    /// @param others the other groups, whose members follow those of group 0; empty for them
    GroupCluster(
            int group,
            Consensus consensus,
            MemberBook book,
            Documents documents,
            GroupLog.MembersFile file,
            List<Member> membersSaved,
            Supplier<Optional<ClusterView.Transfer>> rebuild,
            Supplier<List<ServedCopies.Given>> given,
            Supplier<List<GroupLog.Other>> others) {
        this.group = group;
        this.others = others;
        this.rebuild = rebuild;
        this.given = given;
        this.consensus = consensus;
        this.peers = consensus.group();
        this.book = book;
        this.documents = documents;
        this.file = file;
        this.membersSaved = List.copyOf(membersSaved);
        this.changer =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(CHANGES_MAX), work -> {
                    Thread thread = new Thread(work, "replication-membership-" + group);
                    thread.setDaemon(true);
                    return thread;
                });
        changer.allowCoreThreadTimeOut(true);
    }

    // ---- what is

    @Override
    public Member self() {
        return book.self();
    }

    /// By node id; while a configuration changes, the ones to come.
    List<Member> members() {
        return peers.current().stream()
                .map(book::member)
                .sorted(Comparator.comparing(Member::nodeId))
                .toList();
    }

    /// Who a peer id belongs to, as far as this node knows.
    Optional<Member> member(String peerId) {
        return peers.current().stream()
                .filter(peer -> peer.peerId().equals(peerId))
                .findAny()
                .map(book::member);
    }

    boolean isMember() {
        return peers.current().stream().anyMatch(peer -> peer.peerId().equals(self().peerId()));
    }

    @Override
    public ClusterView view() {
        Consensus.Status status = consensus.status();
        long last = peers.lastIndex();
        List<ClusterView.Follower> followers = new ArrayList<>();
        for (GroupPeers.Follower follower : peers.followers()) {
            followers.add(new ClusterView.Follower(
                    Member.nodeIdOf(follower.peerId()),
                    follower.matchIndex(),
                    Math.max(0, last - follower.matchIndex()),
                    follower.silentMs()));
        }
        followers.sort(Comparator.comparing(ClusterView.Follower::nodeId));
        List<ClusterView.Transfer> transfers = transfers();
        Optional<ClusterView.Transfer> rebuilding = rebuild.get();
        rebuilding.ifPresent(transfers::add);
        return new ClusterView(
                self().nodeId(),
                members(),
                book.draining(),
                List.of(new ClusterView.Group(
                        group,
                        rebuilding.isPresent() ? "rebuilding" : status.role(),
                        status.term(),
                        consensus.leader().orElse(null),
                        status.committedIndex(),
                        status.appliedIndex(),
                        elections,
                        nodeIds(members()),
                        followers)),
                transfers);
    }

    /// Changes, with what their nodes have got of this replica since the change began; and replicas that get a
    /// copy without a change, because they were away too long.
    private List<ClusterView.Transfer> transfers() {
        List<ClusterView.Transfer> transfers = new ArrayList<>();
        List<ServedCopies.Given> copies = new ArrayList<>(given.get());
        for (Change change : changes) {
            Optional<ServedCopies.Given> copy = copies.stream()
                    .filter(it -> it.nodeId().equals(change.nodeId) && it.openedAtNanos() - change.begunNanos >= 0)
                    .findFirst();
            copy.ifPresent(copies::remove);
            transfers.add(new ClusterView.Transfer(
                    change.nodeId,
                    change.what,
                    change.state,
                    copy.map(ServedCopies.Given::bytesDone).orElse(0L),
                    copy.map(ServedCopies.Given::bytesTotal).orElse(-1L)));
        }
        for (ServedCopies.Given copy : copies) {
            if (copy.isOpen()) {
                transfers.add(new ClusterView.Transfer(
                        copy.nodeId(), "rebuild", "copying from here", copy.bytesDone(), copy.bytesTotal()));
            }
        }
        return transfers;
    }

    long elections() {
        return elections;
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public CompletableFuture<Void> barrier(int number) {
        checkGroup(number);
        return peers.barrier();
    }

    private void checkGroup(int number) {
        if (number != group) {
            throw new IllegalArgumentException("this is group %d, not %d".formatted(group, number));
        }
    }

    // ---- changes

    @Override
    public CompletableFuture<MembershipOutcome> add(Member member) {
        if (member.nodeId().isEmpty() || member.directoryId().isEmpty() || hostAndPort(member.raftAddress()) == null) {
            return done(new MembershipOutcome.Refused(
                    "a member has a node id, a directory id and a Raft address host:port; this is " + member));
        }
        boolean replaces = peers.current().stream()
                .anyMatch(peer -> Member.nodeIdOf(peer.peerId()).equals(member.nodeId())
                        && !peer.peerId().equals(member.peerId()));
        return enqueue(new Change(member.nodeId(), replaces ? "replace" : "add"), change -> add(change, member));
    }

    @Override
    public CompletableFuture<MembershipOutcome> remove(String nodeId) {
        return enqueue(new Change(nodeId, "remove"), change -> remove(change, nodeId));
    }

    @Override
    public CompletableFuture<MembershipOutcome> drain(String nodeId, boolean draining) {
        return enqueue(new Change(nodeId, draining ? "drain" : "undrain"), change -> drain(change, nodeId, draining));
    }

    @Override
    public CompletableFuture<MembershipOutcome> transferLeadership(int number, Optional<String> nodeId) {
        checkGroup(number);
        return enqueue(new Change(nodeId.orElse(""), "lead"), change -> transfer(nodeId));
    }

    private interface Step {
        MembershipOutcome run(Change change)
                throws InterruptedException, ExecutionException, TimeoutException, IOException;
    }

    private static CompletableFuture<MembershipOutcome> done(MembershipOutcome outcome) {
        return CompletableFuture.completedFuture(outcome);
    }

    private CompletableFuture<MembershipOutcome> enqueue(Change change, Step step) {
        if (!consensus.leads()) {
            return done(notLeader());
        }
        CompletableFuture<MembershipOutcome> outcome = new CompletableFuture<>();
        changes.add(change);
        try {
            changer.execute(() -> {
                change.state = "running";
                MembershipOutcome decided;
                try {
                    decided = consensus.leads() ? step.run(change) : notLeader();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    decided = new MembershipOutcome.Failed("the node is stopping");
                } catch (ExecutionException | TimeoutException | IOException | RuntimeException e) {
                    decided = failed(e);
                }
                changes.remove(change);
                LOG.atInfo()
                        .addKeyValue("node", change.nodeId)
                        .addKeyValue("change", change.what)
                        .addKeyValue("outcome", decided)
                        .log("change of the cluster decided");
                outcome.complete(decided);
            });
        } catch (RejectedExecutionException e) {
            changes.remove(change);
            return done(new MembershipOutcome.Busy("%d changes wait already; try again".formatted(changes.size())));
        }
        return outcome;
    }

    private MembershipOutcome.NotLeader notLeader() {
        return new MembershipOutcome.NotLeader(consensus.leader().orElse(null));
    }

    private MembershipOutcome failed(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof ExecutionException || cause instanceof CompletionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (!consensus.leads()) {
            return notLeader();
        }
        return new MembershipOutcome.Failed(cause instanceof TimeoutException ? "it took too long" : "" + cause);
    }

    private MembershipOutcome add(Change change, Member member)
            throws InterruptedException, ExecutionException, TimeoutException, IOException {
        List<Member> now = members();
        boolean there = now.stream().anyMatch(other -> other.peerId().equals(member.peerId()));
        if (there) {
            publish(member);
            return awaitOthers(change, member.nodeId(), joined(member));
        }
        if (book.leaving().contains(member.nodeId())) {
            return new MembershipOutcome.Busy(
                    "node '%s' is being removed; try again when that is done".formatted(member.nodeId()));
        }
        if (member.nodeId().equals(self().nodeId())) {
            return new MembershipOutcome.Refused(
                    "node '%s' leads at the moment with another folder; move its leadership away first"
                            .formatted(member.nodeId()));
        }
        for (Member other : now) {
            if (!other.nodeId().equals(member.nodeId()) && other.raftAddress().equals(member.raftAddress())) {
                return new MembershipOutcome.Refused(
                        "node '%s' has the Raft address %s already".formatted(other.nodeId(), other.raftAddress()));
            }
        }
        change.state = "probing";
        String unreachable = probe(member.raftAddress());
        if (unreachable != null) {
            return new MembershipOutcome.Failed(
                    "nobody answers at the Raft address %s of node '%s': %s. Start the node, or correct the address"
                            .formatted(member.raftAddress(), member.nodeId(), unreachable));
        }
        publish(member);
        List<Member> next = new ArrayList<>();
        for (Member other : now) {
            if (!other.nodeId().equals(member.nodeId())) {
                next.add(other);
            }
        }
        next.add(member);
        change.state = "catching up";
        configure(next);
        forgetOthers();
        return awaitOthers(change, member.nodeId(), joined(member));
    }

    private MembershipOutcome remove(Change change, String nodeId)
            throws InterruptedException, ExecutionException, TimeoutException {
        List<Member> now = members();
        List<Member> next =
                now.stream().filter(other -> !other.nodeId().equals(nodeId)).toList();
        if (next.size() == now.size()) {
            return new MembershipOutcome.Refused("there is no node '%s'; there are %s".formatted(nodeId, nodeIds(now)));
        }
        if (next.isEmpty()) {
            return new MembershipOutcome.Refused("node '%s' is the last one".formatted(nodeId));
        }
        Set<String> answering = answering();
        long alive = next.stream()
                .filter(member -> answering.contains(member.peerId()))
                .count();
        if (alive <= next.size() / 2) {
            return new MembershipOutcome.Refused(
                    "without node '%s' only %d of %d nodes would answer, which is no majority; start the others first"
                            .formatted(nodeId, alive, next.size()));
        }
        if (nodeId.equals(self().nodeId())) {
            // whoever leads next does it: a leader that removes itself leaves an election behind
            MembershipOutcome moved = transfer(Optional.empty());
            return moved instanceof MembershipOutcome.Done ? notLeader() : moved;
        }
        if (!others.get().isEmpty()) {
            // whoever leads this group goes on from here, also after a crash
            put(MemberBook.LEAVING + nodeId, new byte[] {'1'});
            MembershipOutcome left = awaitOthers(change, nodeId, left(nodeId));
            if (!(left instanceof MembershipOutcome.Done)) {
                return left;
            }
        }
        change.state = "removing";
        configure(next);
        forgetOthers();
        put(MemberBook.DRAINING + nodeId, new byte[0]);
        if (book.leaving().contains(nodeId)) {
            put(MemberBook.LEAVING + nodeId, new byte[0]);
        }
        return new MembershipOutcome.Done();
    }

    /// The node is a member of those groups that it shall hold.
    private static Predicate<GroupLog.Other> joined(Member member) {
        return other -> !other.concerns().test(member.nodeId())
                || other.peers().get().stream().anyMatch(peer -> peer.peerId().equals(member.peerId()));
    }

    private static Predicate<GroupLog.Other> left(String nodeId) {
        return other -> !containsNode(other.peers().get(), nodeId);
    }

    private static boolean containsNode(List<GroupPeers.Peer> peers, String nodeId) {
        return peers.stream().anyMatch(peer -> Member.nodeIdOf(peer.peerId()).equals(nodeId));
    }

    /// The other groups follow by themselves, each led by whoever leads it; here one only waits for that.
    private MembershipOutcome awaitOthers(Change change, String nodeId, Predicate<GroupLog.Other> done)
            throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(OTHERS_TIMEOUT_MS);
        while (true) {
            List<Integer> waiting = new ArrayList<>();
            List<GroupLog.Other> all = others.get();
            for (int i = 0; i < all.size(); i++) {
                if (!done.test(all.get(i))) {
                    waiting.add(i + 1);
                }
            }
            if (waiting.isEmpty()) {
                return new MembershipOutcome.Done();
            }
            change.state = "waiting for groups " + waiting;
            if (!consensus.leads()) {
                return notLeader();
            }
            if (System.nanoTime() > deadline) {
                return new MembershipOutcome.Busy(
                        "groups %s have not followed within %d s and go on trying (%s of node '%s')"
                                .formatted(
                                        waiting,
                                        TimeUnit.MILLISECONDS.toSeconds(OTHERS_TIMEOUT_MS),
                                        change.what,
                                        nodeId));
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private MembershipOutcome drain(Change change, String nodeId, boolean draining)
            throws InterruptedException, ExecutionException, TimeoutException {
        List<Member> now = members();
        if (now.stream().noneMatch(member -> member.nodeId().equals(nodeId))) {
            return new MembershipOutcome.Refused("there is no node '%s'; there are %s".formatted(nodeId, nodeIds(now)));
        }
        if (!draining) {
            put(MemberBook.DRAINING + nodeId, new byte[0]);
            return new MembershipOutcome.Done();
        }
        boolean othersRemain =
                now.stream().anyMatch(member -> !member.nodeId().equals(nodeId) && !book.mustNotLead(member.nodeId()));
        if (!othersRemain) {
            return new MembershipOutcome.Refused("nobody would be left to lead without node '%s'".formatted(nodeId));
        }
        put(MemberBook.DRAINING + nodeId, new byte[] {'1'});
        if (nodeId.equals(self().nodeId())) {
            change.state = "moving leadership";
            return transfer(Optional.empty());
        }
        return new MembershipOutcome.Done();
    }

    /// Hands the lead to a node, or to the one that is furthest.
    MembershipOutcome transfer(Optional<String> nodeId)
            throws InterruptedException, ExecutionException, TimeoutException {
        List<Member> now = members();
        Optional<String> target;
        if (nodeId.isPresent()) {
            if (nodeId.get().equals(self().nodeId())) {
                return new MembershipOutcome.Done();
            }
            target = now.stream()
                    .filter(member -> member.nodeId().equals(nodeId.get()))
                    .map(Member::peerId)
                    .findAny();
            if (target.isEmpty()) {
                return new MembershipOutcome.Refused(
                        "there is no node '%s'; there are %s".formatted(nodeId.get(), nodeIds(now)));
            }
            if (book.mustNotLead(nodeId.get())) {
                return new MembershipOutcome.Refused("node '%s' is drained".formatted(nodeId.get()));
            }
        } else {
            target = bestSuccessor();
        }
        if (target.isEmpty()) {
            return new MembershipOutcome.Failed("no other node answers that may lead");
        }
        handTo(target.get());
        return new MembershipOutcome.Done();
    }

    /// In attempts: while the lead is on its way nobody takes writes, so that must end soon when the successor
    /// has died. It is tried again as long as that one answers, because it may lack entries or have lost an
    /// election.
    private void handTo(String peerId) throws InterruptedException, ExecutionException, TimeoutException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TRANSFER_TIMEOUT_MS);
        while (true) {
            try {
                peers.transfer(peerId, TRANSFER_ATTEMPT_MS).get(TRANSFER_ATTEMPT_MS + 2_000, TimeUnit.MILLISECONDS);
                return;
            } catch (ExecutionException e) {
                while (!consensus.leads() && consensus.leader().isEmpty() && System.nanoTime() < deadline) {
                    TimeUnit.MILLISECONDS.sleep(20); // an election goes on, and that one may win it yet
                }
                if (consensus.leader().equals(Optional.of(Member.nodeIdOf(peerId)))) {
                    return;
                }
                if (!consensus.leads() || !hasAnswered(peerId) || System.nanoTime() > deadline) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    /// Whether a follower has answered since an attempt that has taken its time began.
    private boolean hasAnswered(String peerId) {
        return peers.followers().stream()
                .anyMatch(follower -> follower.peerId().equals(peerId) && follower.silentMs() < TRANSFER_ATTEMPT_MS);
    }

    /// Whether a change waits or runs.
    boolean isChanging() {
        return !changes.isEmpty();
    }

    /// Makes these the members of a group that follows another one.
    CompletableFuture<MembershipOutcome> follow(List<Member> next) {
        return enqueue(new Change("", "follow group 0"), change -> {
            configure(next);
            return new MembershipOutcome.Done();
        });
    }

    /// The peer that answers, is not drained and has most of the log.
    Optional<String> bestSuccessor() {
        Set<String> current = new HashSet<>();
        peers.current().forEach(peer -> current.add(peer.peerId()));
        return peers.followers().stream()
                .filter(follower -> current.contains(follower.peerId()))
                .filter(follower -> follower.silentMs() < SILENT_MS_MAX)
                .filter(follower -> !book.mustNotLead(Member.nodeIdOf(follower.peerId())))
                .max(Comparator.comparingLong(GroupPeers.Follower::matchIndex))
                .map(GroupPeers.Follower::peerId);
    }

    /// Peer ids, this one included.
    Set<String> answering() {
        Set<String> answering = new HashSet<>();
        answering.add(self().peerId());
        for (GroupPeers.Follower follower : peers.followers()) {
            if (follower.silentMs() < SILENT_MS_MAX) {
                answering.add(follower.peerId());
            }
        }
        return answering;
    }

    /// Waits as long as the library does: it gives up by itself when a new peer makes no progress.
    private void configure(List<Member> next) throws InterruptedException, ExecutionException {
        long deadline = System.nanoTime() + IN_PROGRESS_WAIT_NANOS;
        while (true) {
            try {
                peers.change(next).get();
                return;
            } catch (ExecutionException e) {
                // the configuration of a new leader's term is committed a moment after its election
                if (!isInProgress(e) || System.nanoTime() > deadline) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(100);
            }
        }
    }

    private static boolean isInProgress(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.getClass().getSimpleName().equals("ReconfigurationInProgressException")) {
                return true;
            }
        }
        return false;
    }

    private void publish(Member member) throws InterruptedException, ExecutionException, TimeoutException {
        if (!book.published(member.peerId()).equals(Optional.of(member))) {
            put(MemberBook.MEMBERS + member.peerId(), MemberBook.encode(member));
        }
    }

    /// Deletes the documents of peers that are in no configuration.
    private void forgetOthers() throws InterruptedException, ExecutionException, TimeoutException {
        Set<String> current = new HashSet<>();
        peers.current().forEach(peer -> current.add(peer.peerId()));
        for (String peerId : book.publishedPeers()) {
            if (!current.contains(peerId)) {
                put(MemberBook.MEMBERS + peerId, new byte[0]);
            }
        }
    }

    private void put(String key, byte[] value) throws InterruptedException, ExecutionException, TimeoutException {
        documents.put(key, value).get(DOCUMENT_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    private static List<String> nodeIds(List<Member> members) {
        return members.stream().map(Member::nodeId).toList();
    }

    private static @Nullable String probe(String raftAddress) {
        InetSocketAddress at = Objects.requireNonNull(hostAndPort(raftAddress));
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(at.getHostString(), at.getPort()), PROBE_TIMEOUT_MS);
            return null;
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static @Nullable InetSocketAddress hostAndPort(String address) {
        int colon = address.lastIndexOf(':');
        try {
            int port = Integer.parseInt(address.substring(colon + 1));
            return colon > 0 && port > 0 && port < 1 << 16
                    ? InetSocketAddress.createUnresolved(address.substring(0, colon), port)
                    : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }

    // ---- watching, called by one thread every now and then

    /// Tells listeners what has changed and keeps the documents of members and the folder's list up to date.
    void watch() {
        String leader = consensus.leader().orElse(null);
        List<Member> members = members();
        List<String> draining = book.draining();
        boolean changed =
                !Objects.equals(leader, leaderSeen) || !members.equals(membersSeen) || !draining.equals(drainingSeen);
        if (leader != null && !leader.equals(leaderSeen)) {
            elections++;
        }
        leaderSeen = leader;
        membersSeen = members;
        drainingSeen = draining;
        if (changed) {
            for (Runnable listener : listeners) {
                try {
                    listener.run();
                } catch (RuntimeException e) {
                    LOG.atError().setCause(e).log("a listener of the cluster failed");
                }
            }
        }
        if (!members.isEmpty() && !members.equals(membersSaved) && isMember()) {
            try {
                file.save(members);
                membersSaved = members;
            } catch (IOException e) {
                LOG.atWarn().setCause(e).log("the list of members could not be written; it is tried again");
            }
        }
    }

    /// On the leader: publishes where members are, and hands over when this node is drained.
    void lead() {
        List<Member> members = members();
        if (!consensus.leads() || !changes.isEmpty() || members.size() < 2) {
            return;
        }
        if (group == 0) {
            for (Member member : members) {
                if (!book.published(member.peerId()).equals(Optional.of(member))) {
                    documents.put(MemberBook.MEMBERS + member.peerId(), MemberBook.encode(member));
                }
            }
            book.leaving().stream().findFirst().ifPresent(this::finishRemoval);
        }
        if (book.mustNotLead(self().nodeId()) && bestSuccessor().isPresent()) {
            transferLeadership(group, Optional.empty());
        }
    }

    /// Begun by a leader that did not live to see the end.
    private void finishRemoval(String nodeId) {
        if (containsNode(peers.current(), nodeId)) {
            remove(nodeId);
        } else {
            documents.put(MemberBook.LEAVING + nodeId, new byte[0]);
        }
    }

    /// Hands over before this node stops, so that nobody waits for an election. Nothing happens where it does
    /// not lead.
    void handOver(long timeoutMs) {
        Optional<String> successor = consensus.leads() ? bestSuccessor() : Optional.empty();
        if (successor.isEmpty()) {
            return;
        }
        try {
            peers.transfer(successor.get(), timeoutMs).get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.atInfo().addKeyValue("reason", e).log("leadership was not handed over; the others elect somebody");
        }
    }

    /// Hands over because this node is worse off than the others.
    ///
    /// @return whether there is somebody to try
    boolean moveAway(String why) {
        Optional<String> successor = bestSuccessor();
        if (!changes.isEmpty() || successor.isEmpty()) {
            return false;
        }
        LOG.atWarn()
                .addKeyValue("node", self().nodeId())
                .addKeyValue("reason", why)
                .addKeyValue("successor", Member.nodeIdOf(successor.get()))
                .log("leadership is moved away");
        transferLeadership(group, Optional.empty());
        return true;
    }

    /// Gives the lead up because this node cannot do anything with it: to the best of the others when it can be
    /// handed over, else to whoever is elected.
    ///
    /// @param orderly whether the consensus library would hand it over
    /// @return whether there is somebody to lead instead
    boolean giveUp(String why, boolean orderly) {
        if (orderly && moveAway(why)) {
            return true;
        }
        if (bestSuccessor().isEmpty()) {
            return false;
        }
        LOG.atWarn()
                .addKeyValue("node", self().nodeId())
                .addKeyValue("group", group)
                .addKeyValue("reason", why)
                .log("leadership is given up; the others elect somebody");
        peers.stepDown(TRANSFER_ATTEMPT_MS).exceptionally(failure -> {
            LOG.atWarn().addKeyValue("reason", failure).log("leadership could not be given up; it is tried again");
            return null;
        });
        return true;
    }

    void close() {
        changer.shutdownNow();
    }
}
