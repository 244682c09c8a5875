package io.millrace.replication.partition;

import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.Topic;
import io.millrace.replication.metadata.Fields;
import io.millrace.replication.metadata.Metadata;
import io.millrace.replication.metadata.Metadata.TopicFact;
import io.millrace.replication.placement.LeaderWish;
import io.millrace.replication.placement.Placement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the leader of one of several groups does beside leading: makes the group agree with group 0 about
/// topics and members, and hands over to the member that should lead. On a node that the group has left it
/// deletes what is left.
///
/// It acts only after a barrier on group 0, so on a state at least as new as the one that any leader before it
/// acted on. A topic is forgotten because its id was given and is gone, never because it is unknown.
///
/// Threading: a thread of its own.
final class GroupFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GroupFollower.class);
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SPREAD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long STEP_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long COMMAND_TIMEOUT_MS = 10_000;
    /// Heartbeats come every 400 ms; who is silent for longer than this is away.
    private static final long SILENT_MS_MAX = 1_200;
    /// Long after a change of members that was begun for an earlier placement has ended or failed.
    private static final long LEAVE_NANOS =
            TimeUnit.MILLISECONDS.toNanos(Long.getLong("millrace.groups.leaveMs", 10_000));
    /// A member that lacks more entries than this is not caught up.
    private static final long LAG_MAX = 1_000;

    private final GroupLog first;
    private final GroupLog log;
    private final int group;
    private final GroupLayout layout;
    private final LeaderWish wish;
    private final Thread thread;
    private @Nullable CompletableFuture<MembershipOutcome> step; // this thread's
    private long stepEndedNanos = System.nanoTime() - STEP_PAUSE_NANOS;
    private long spreadNanos = System.nanoTime();
    private long notNeededSinceNanos;
    private volatile boolean closing;

    /// @param fitNanos see [LeaderWish]
    GroupFollower(GroupLog first, GroupLog log, GroupLayout layout, long fitNanos) {
        this.first = first;
        this.log = log;
        this.group = log.number;
        this.layout = layout;
        this.wish = new LeaderWish(fitNanos);
        this.thread = new Thread(this::run, "replication-follower-" + group);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /// Something may have to be done.
    void wake() {
        LockSupport.unpark(thread);
    }

    private void run() {
        long pauseNanos = TICK_NANOS;
        while (!closing) {
            LockSupport.parkNanos(this, pauseNanos);
            pauseNanos = TICK_NANOS;
            try {
                if (group > 0 && !closing && log.consensus.leads()) {
                    follow();
                }
                if (!closing) {
                    leaveWhenNotNeeded();
                }
                if (System.nanoTime() - spreadNanos >= SPREAD_NANOS) {
                    spreadNanos = System.nanoTime();
                    spread();
                }
            } catch (InterruptedException e) {
                return; // close() says so
            } catch (ExecutionException | TimeoutException | RuntimeException e) {
                pauseNanos = RETRY_NANOS;
                LOG.atInfo()
                        .addKeyValue("group", group)
                        .addKeyValue("reason", String.valueOf(e.getCause() == null ? e : e.getCause()))
                        .log("the group could not follow group 0; it is tried again");
            }
        }
    }

    // ---- topics

    /// What this group must be told.
    sealed interface Change {
        record Adopt(TopicFact fact) implements Change {}

        record Forget(long topicId) implements Change {}
    }

    /// The way from this group's metadata to those of group 0, in the order in which it must be gone.
    static List<Change> changes(Metadata shared, Metadata own, int group, GroupLayout layout) {
        long given = shared.nextTopicId(); // before the topics: all that were given by then are among them, or gone
        List<Change> changes = new ArrayList<>();
        List<Topic> mine = own.topics();
        for (Topic topic : mine) {
            if (topic.id() < given && shared.topic(topic.id()) == null) {
                changes.add(new Change.Forget(topic.id()));
            }
        }
        List<Topic> topics = new ArrayList<>(shared.topics());
        topics.sort(Comparator.comparingLong(Topic::id));
        for (Topic topic : topics) {
            TopicFact known = own.topic(topic.id());
            TopicFact fact = shared.topic(topic.id());
            if (fact != null
                    && Placement.holds(group, topic.id(), topic.partitions(), layout)
                    && (known == null
                            || !known.topic()
                                    .settings()
                                    .retention()
                                    .equals(topic.settings().retention()))) {
                changes.add(new Change.Adopt(fact));
            }
        }
        return changes;
    }

    private List<Change> changes() {
        return changes(first.state.metadata(), log.state.metadata(), group, layout);
    }

    private void follow() throws InterruptedException, ExecutionException, TimeoutException {
        boolean topics = !changes().isEmpty();
        boolean members = nextMembers().isPresent();
        if (!topics && !members) {
            return;
        }
        first.cluster.barrier(0).get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        if (topics) {
            for (Change change : changes()) {
                propose(change).get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
            }
        }
        if (members) {
            stepTowardsMembers();
        }
    }

    private CompletableFuture<?> propose(Change change) {
        return switch (change) {
            case Change.Adopt(TopicFact fact) ->
                log.send(EntryLayout.ADOPT_TOPIC, true, out -> {
                    out.writeLong(fact.topic().id());
                    Fields.writeText(out, fact.topic().name());
                    Metadata.writeSettings(out, fact.asked());
                    Metadata.writeRetention(out, fact.topic().settings().retention());
                });
            case Change.Forget(long topicId) -> log.send(EntryLayout.FORGET_TOPIC, true, out -> out.writeLong(topicId));
        };
    }

    // ---- members

    /// Where the group shall be; empty for everywhere.
    private List<String> placement() {
        return log.distant == null ? List.of() : log.distant.placement();
    }

    /// The next configuration of this group, if it is not that of group 0, or of the group's placement.
    private Optional<List<Member>> nextMembers() {
        List<String> leaving = first.book.leaving();
        List<GroupPeers.Peer> known = new ArrayList<>(first.consensus.group().current());
        List<String> placement = placement();
        List<String> wanted = known.stream()
                .map(GroupPeers.Peer::peerId)
                .filter(peer -> placement.isEmpty()
                        ? !leaving.contains(Member.nodeIdOf(peer))
                        : placement.contains(Member.nodeIdOf(peer)))
                .toList();
        List<GroupPeers.Peer> current = log.consensus.group().current();
        known.addAll(current);
        return Placement.next(current.stream().map(GroupPeers.Peer::peerId).toList(), wanted, Member::nodeIdOf)
                .map(next -> next.stream()
                        .map(id -> known.stream()
                                .filter(peer -> peer.peerId().equals(id))
                                .findFirst()
                                .orElseThrow())
                        .map(first.book::member)
                        .toList());
    }

    /// Begins a step and does not wait for it: a new member may have to copy everything first.
    private void stepTowardsMembers() {
        CompletableFuture<MembershipOutcome> running = step;
        if (running != null && !running.isDone()) {
            return;
        }
        if (running != null) {
            step = null;
            stepEndedNanos = System.nanoTime();
        }
        Optional<List<Member>> next = nextMembers();
        if (next.isEmpty()
                || System.nanoTime() - stepEndedNanos < STEP_PAUSE_NANOS
                || next.get().stream().noneMatch(member -> member.peerId().equals(self().peerId()))) {
            return; // a leader that is to go hands over first, because it must not lead
        }
        Set<String> answering = log.cluster.answering();
        Set<String> current = new HashSet<>();
        log.consensus.group().current().forEach(peer -> current.add(peer.peerId()));
        long alive = next.get().stream()
                // a new one has caught up before the configuration is changed
                .filter(member -> answering.contains(member.peerId()) || !current.contains(member.peerId()))
                .count();
        if (alive <= next.get().size() / 2) {
            return; // the others have to come back first
        }
        step = log.cluster.follow(next.get());
    }

    private Member self() {
        return log.cluster.self();
    }

    // ---- leaving this node

    /// Deletes this node's replica when the group has left: it shall not be here, for a while already, and its
    /// members, asked for again after the replica has been closed, do not include it.
    private void leaveWhenNotNeeded() {
        DistantGroup distant = log.distant;
        if (distant == null || distant.isHere() || distant.shallBeHere() || isEmpty()) {
            notNeededSinceNanos = 0;
            return;
        }
        long now = System.nanoTime();
        if (notNeededSinceNanos == 0) {
            notNeededSinceNanos = now;
        }
        GroupReport report = distant.known();
        if (now - notNeededSinceNanos < LEAVE_NANOS
                || report == null
                || report.hasMember(self().peerId())
                || log.consensus.leads()) {
            return;
        }
        try {
            log.leave(() -> {
                try {
                    // whoever adds this node acts on a placement that is at least as new
                    first.cluster.barrier(0).get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                } catch (ExecutionException | TimeoutException e) {
                    return false;
                }
                return !distant.shallBeHere()
                        && !distant.look(true, TimeUnit.MILLISECONDS.toNanos(COMMAND_TIMEOUT_MS))
                                .hasMember(self().peerId());
            });
            LOG.atInfo()
                    .addKeyValue("group", group)
                    .addKeyValue("empty", isEmpty())
                    .log("the group left this node");
        } catch (IOException | RuntimeException e) {
            LOG.atWarn()
                    .addKeyValue("group", group)
                    .addKeyValue("reason", String.valueOf(e))
                    .log("the group could not leave this node; it is tried again");
        }
        notNeededSinceNanos = now;
    }

    private boolean isEmpty() {
        return log.state.index() < 0 && log.consensus.group().lastIndex() < 0;
    }

    // ---- who leads

    private void spread() {
        List<String> placement = placement();
        List<String> members = first.cluster.members().stream()
                .map(Member::nodeId)
                .filter(node -> !first.book.mustNotLead(node))
                .toList();
        String should;
        if (placement.isEmpty()) {
            List<String> leaders = Placement.leaders(members, List.of(), layout.count());
            should = leaders.isEmpty() ? null : leaders.get(group);
        } else {
            should = placement.stream().filter(members::contains).findFirst().orElse(null);
            if (should != null && !placement.contains(self().nodeId()) && log.consensus.leads() && isFit(should)) {
                handOver(should); // it cannot leave while it leads
                return;
            }
        }
        boolean due = wish.isDue(
                System.nanoTime(),
                log.consensus.leads() ? self().nodeId() : log.consensus.leader().orElse(null),
                self().nodeId(),
                should,
                should != null && isFit(should));
        if (due && should != null) {
            handOver(should);
        }
    }

    private void handOver(String node) {
        if (!log.cluster.isChanging()) {
            LOG.atInfo()
                    .addKeyValue("group", group)
                    .addKeyValue("node", node)
                    .log("leadership goes to the node that should have it");
            log.cluster.transferLeadership(group, Optional.of(node));
        }
    }

    private boolean isFit(String nodeId) {
        GroupPeers peers = log.consensus.group();
        long last = peers.lastIndex();
        return peers.current().stream()
                        .anyMatch(peer -> Member.nodeIdOf(peer.peerId()).equals(nodeId))
                && peers.followers().stream()
                        .filter(follower -> Member.nodeIdOf(follower.peerId()).equals(nodeId))
                        .anyMatch(follower ->
                                follower.silentMs() < SILENT_MS_MAX && last - follower.matchIndex() <= LAG_MAX);
    }

    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        Threads.awaitEnd(thread);
    }
}
