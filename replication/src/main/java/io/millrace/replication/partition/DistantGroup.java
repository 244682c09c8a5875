package io.millrace.replication.partition;

import io.millrace.replication.Document;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.metadata.Metadata;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A group whose replicas lie on some of the nodes only: whether this node has one, and if not, what those say
/// who have.
///
/// | this node                                                        | is it here                             |
/// |------------------------------------------------------------------|----------------------------------------|
/// | is a member, and shall be one                                     | yes, once it has applied what was told |
/// | is a member, and shall not be one                                 | while it leads, or nobody else answers |
/// | is no member                                                      | no                                     |
///
/// Where a group shall lie is said by a document of group 0, `_placement/<group>`: node ids, the one that
/// should lead first. Without the document every node shall hold it.
///
/// Threading: any; a thread of its own asks the others every now and then, and more often while somebody looks.
final class DistantGroup implements AutoCloseable {
    /// Followed by the group's number.
    static final String PLACEMENT = "_placement/";

    private static final Logger LOG = LoggerFactory.getLogger(DistantGroup.class);
    private static final Metadata NOTHING = new Metadata();
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
    private static final long LOOK_SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(40);
    /// Somebody has looked so lately that news are wanted soon.
    private static final long IN_USE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long ANSWER_WITHIN_MS = 3_000;
    private static final long TRY_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long RETRY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /// Without news for so long nobody is believed to lead.
    private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(4);

    /// For so long a node that has not heard of the group is not ready.
    private final long startNanos = TimeUnit.MILLISECONDS.toNanos(Long.getLong("millrace.groups.startMs", 30_000));

    private final long startedNanos = System.nanoTime();
    private final int number;
    private final String nodeId;
    private final Supplier<Metadata> shared;
    private final Supplier<List<Member>> members;
    private final Supplier<@Nullable GroupLog> log;
    private final ReplicaPeers peers;
    private final Consumer<TopicPartition> appended;
    private final Runnable metadataChanged;
    private final Thread thread;

    /// Held while it is decided where the group is, and while a newer report is taken: whoever has waited for
    /// either side to be new enough must not find the other one. Nobody is called while it is held.
    private final Object place = new Object();

    private volatile boolean here; // written with the lock
    private volatile @Nullable GroupReport report; // written with the lock
    private volatile long reportNanos;
    private volatile long usedNanos = System.nanoTime() - IN_USE_NANOS;
    private volatile @Nullable String problem;
    private volatile boolean closing;

    /// @param shared metadata of group 0 on this node
    /// @param members of group 0
    /// @param log the replica on this node, which may be empty; null while it is opened
    /// @param appended told when others report more records
    /// @param metadataChanged told when others report other metadata, or the group has come or gone
    DistantGroup(
            int number,
            String nodeId,
            Supplier<Metadata> shared,
            Supplier<List<Member>> members,
            Supplier<@Nullable GroupLog> log,
            ReplicaPeers peers,
            Consumer<TopicPartition> appended,
            Runnable metadataChanged) {
        this.number = number;
        this.nodeId = nodeId;
        this.shared = shared;
        this.members = members;
        this.log = log;
        this.peers = peers;
        this.appended = appended;
        this.metadataChanged = metadataChanged;
        this.thread = new Thread(this::watch, "replication-distant-" + number);
        this.thread.setDaemon(true);
    }

    /// The replica has been opened.
    void start() {
        GroupLog mine = log.get();
        here = mine != null && mine.cluster.isMember() && shallBeHere();
        thread.start();
    }

    // ---- where it is

    boolean isHere() {
        return here;
    }

    /// Whether it is still where it was before somebody waited; what was waited for is seen then.
    boolean isStill(boolean wasHere) {
        synchronized (place) {
            return here == wasHere;
        }
    }

    /// Where it shall be, the node that should lead first; empty for everywhere.
    List<String> placement() {
        Document document = shared.get().document(PLACEMENT + number);
        return document == null ? List.of() : List.of(new String(document.value(), StandardCharsets.UTF_8).split(","));
    }

    static byte[] encode(List<String> nodes) {
        return String.join(",", nodes).getBytes(StandardCharsets.UTF_8);
    }

    boolean shallBeHere() {
        List<String> placement = placement();
        return placement.isEmpty() || placement.contains(nodeId);
    }

    private void decideWhere() {
        GroupLog mine = log.get();
        if (mine == null) {
            return;
        }
        boolean member = mine.cluster.isMember();
        boolean wanted = member && shallBeHere();
        synchronized (place) {
            GroupReport known = report;
            if (here
                    && !wanted
                    && known != null
                    && known.appliedIndex() >= mine.state.index() // nothing that was seen is unseen
                    && !(member && mine.consensus.leads())) {
                here = false;
            } else if (!here && wanted && (known == null || mine.state.index() >= known.appliedIndex())) {
                here = true;
                report = null; // what was true while it was away
            } else {
                return;
            }
        }
        LOG.atInfo()
                .addKeyValue("group", number)
                .addKeyValue("node", nodeId)
                .log(here ? "the group is here now" : "the group is on other nodes now");
        metadataChanged.run();
    }

    // ---- what the others say

    /// The newest report; null before there is one.
    @Nullable
    GroupReport known() {
        return report;
    }

    /// The same, for somebody who would like to hear of news soon.
    private @Nullable GroupReport report() {
        usedNanos = System.nanoTime();
        return report;
    }

    /// What the group's metadata are, as far as others have told.
    Metadata metadata() {
        GroupReport known = report();
        return known == null ? NOTHING : known.metadata();
    }

    GroupReport.Ends ends(long topicId, int partition) {
        GroupReport known = report();
        return known == null ? GroupReport.Ends.EMPTY : known.ends(topicId, partition);
    }

    /// Node id of who leads, as others say.
    Optional<String> leader() {
        GroupReport known = report;
        return known == null || System.nanoTime() - reportNanos > STALE_NANOS
                ? Optional.empty()
                : Optional.ofNullable(known.leader());
    }

    /// Why nothing is known, or nothing new; null when something is.
    @Nullable
    String problem() {
        if (here) {
            return null;
        }
        String failed = problem;
        return failed == null && report == null
                ? "it is on nodes %s, and they have not been heard of yet".formatted(holders())
                : failed;
    }

    /// Whether this node may be behind others because it has just started. Later a group that nobody answers for
    /// is lost to all nodes alike: that must not take all of them away from those who want something else.
    boolean isStarting() {
        return !here && report == null && System.nanoTime() - startedNanos < startNanos;
    }

    /// Completes when what is known here holds everything that was acknowledged before. The group may have come
    /// to this node meanwhile: see [#isStill].
    CompletableFuture<Void> barrier() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().name("replication-barrier-" + number).start(() -> {
            try {
                look(true, TRY_NANOS);
                done.complete(null);
            } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    /// Asks one node after the other until one answers; waits for it.
    ///
    /// @param from the offset that it is about, for errors
    /// @return an answer that is one
    /// @throws io.millrace.log.OffsetOutOfRangeException one of them says that it has been deleted
    /// @throws IOException nobody answers in time
    byte[] ask(byte[] question, long from) throws IOException {
        usedNanos = System.nanoTime();
        return ask(question, from, TRY_NANOS);
    }

    private byte[] ask(byte[] question, long from, long withinNanos) throws IOException {
        long deadline = System.nanoTime() + withinNanos;
        IOException last = null;
        while (!closing) {
            for (Member member : candidates()) {
                try {
                    byte[] answer = peers.ask(member, number, question).get(ANSWER_WITHIN_MS, TimeUnit.MILLISECONDS);
                    Questions.open(answer, from).close();
                    return answer;
                } catch (io.millrace.log.OffsetOutOfRangeException e) {
                    if (from <= e.nextOffset()) {
                        throw e;
                    }
                    // another replica may have it: to say that it does not exist would end whoever reads it
                    last = new IOException("node '%s' is behind: %s".formatted(member.nodeId(), e.getMessage()), e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted while node '%s' was asked".formatted(member.nodeId()), e);
                } catch (ExecutionException | TimeoutException | IOException e) {
                    Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
                    last = new IOException("node '%s': %s".formatted(member.nodeId(), cause.getMessage()), cause);
                }
            }
            if (System.nanoTime() > deadline) {
                break;
            }
            LockSupport.parkNanos(RETRY_PAUSE_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                break;
            }
        }
        String nobody = "group %d is on nodes %s, and none of them answers for it".formatted(number, holders());
        throw last == null ? new IOException(nobody) : new IOException(nobody + "; " + last.getMessage(), last);
    }

    /// Node ids of those who have the group, or should, without this node.
    List<String> holders() {
        return candidates().stream().map(Member::nodeId).toList();
    }

    /// The leader first.
    private List<Member> candidates() {
        Set<String> nodes = new LinkedHashSet<>();
        GroupReport known = report;
        if (known != null && known.leader() != null) {
            nodes.add(known.leader());
        }
        nodes.addAll(placement());
        if (known != null) {
            known.members().forEach(member -> nodes.add(Member.nodeIdOf(member.peerId())));
        }
        nodes.remove(nodeId);
        List<Member> all = members.get();
        List<Member> found = new ArrayList<>();
        for (String node : nodes) {
            all.stream().filter(member -> member.nodeId().equals(node)).forEach(found::add);
        }
        return found;
    }

    /// @param linearizable whether everything that was acknowledged before must be in it
    /// @return the report that was made after the call began
    GroupReport look(boolean linearizable, long withinNanos) throws IOException {
        GroupReport before = report;
        byte[] answer = ask(Questions.report(linearizable, before), 0, withinNanos);
        GroupReport now = GroupReport.read(Questions.open(answer, 0), before);
        accept(now);
        return now;
    }

    private synchronized void accept(GroupReport now) {
        GroupReport before;
        reportNanos = System.nanoTime();
        problem = null;
        synchronized (place) {
            before = report;
            if (before != null && (now.appliedIndex() < before.appliedIndex() || now.isOlderFromSameNode(before))) {
                return; // of a node that is behind, or overtaken on its way; nothing that was seen is unseen
            }
            report = now;
            if (here) {
                return;
            }
        }
        if (before == null || before.partitions() != now.partitions()) {
            tellAppended(before, now);
        }
        if (before == null || before.checksum() != now.checksum()) {
            metadataChanged.run();
        }
    }

    private void tellAppended(@Nullable GroupReport before, GroupReport now) {
        for (Map.Entry<GroupReport.Place, GroupReport.Ends> entry :
                now.partitions().entrySet()) {
            GroupReport.Place place = entry.getKey();
            Metadata.TopicFact fact = now.metadata().topic(place.topicId());
            if (fact != null
                    && (before == null
                            || entry.getValue().next()
                                    > before.ends(place.topicId(), place.partition())
                                            .next())) {
                appended.accept(new TopicPartition(fact.topic().name(), place.partition()));
            }
        }
    }

    private void watch() {
        while (!closing) {
            try {
                if (!here || !shallBeHere()) {
                    look(false, 0);
                }
                decideWhere();
            } catch (IOException e) {
                problem = e.getMessage();
                LOG.atDebug().setCause(e).log("group {} could not be asked for", number);
            } catch (RuntimeException | Error e) { // without this thread nothing new would ever be heard
                problem = "what other nodes say of group %d could not be used: %s".formatted(number, e);
                LOG.atWarn().setCause(e).log("group {} could not be asked for", number);
            }
            boolean soon = !here && System.nanoTime() - usedNanos < IN_USE_NANOS;
            LockSupport.parkNanos(this, soon ? LOOK_SOON_NANOS : LOOK_NANOS);
        }
    }

    @Override
    public void close() {
        closing = true;
        thread.interrupt(); // it may wait for an answer
        Threads.awaitEnd(thread);
    }
}
