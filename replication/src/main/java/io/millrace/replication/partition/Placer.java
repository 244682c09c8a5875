package io.millrace.replication.partition;

import io.millrace.replication.ClusterView;
import io.millrace.replication.Document;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.Reassignment;
import io.millrace.replication.placement.Replicas;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the leader of group 0 does where groups lie on some of the nodes only: decides on which, one move at a
/// time, and writes it down as documents of group 0. The leader of each group carries it out ([GroupFollower]).
///
/// | document                 | says                                                                    |
/// |--------------------------|-------------------------------------------------------------------------|
/// | `_groups/factor`         | replicas of each group                                                  |
/// | `_groups/factor/<group>` | replicas of this one, if it has a number of its own                     |
/// | `_placement/<group>`     | node ids with commas between, the one that should lead first            |
/// | `_groups/level`          | somebody has asked for even loads; gone when there is nothing left to do |
///
/// Threading: a thread of its own, and one for each wish while somebody waits for it.
final class Placer implements AutoCloseable {
    static final String FACTOR = "_groups/factor";
    static final String FACTOR_OF = FACTOR + "/";
    static final String LEVEL = "_groups/level";

    private static final Logger LOG = LoggerFactory.getLogger(Placer.class);
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long COMMAND_TIMEOUT_MS = 10_000;
    private static final long WISH_NANOS_MAX = TimeUnit.MINUTES.toNanos(10);

    private final GroupLog first;
    private final Map<Integer, DistantGroup> placed;
    private final List<GroupLog> groups;
    private final int factorAtFirst;
    private final int transfersMax;
    private final Thread thread;
    private volatile boolean closing;

    /// @param groups all of them, by number
    /// @param placed those but group 0, by number
    /// @param factorAtFirst replicas of each group when the cluster is made
    /// @param transfersMax groups that may move at the same time
    Placer(List<GroupLog> groups, Map<Integer, DistantGroup> placed, int factorAtFirst, int transfersMax) {
        this.first = groups.getFirst();
        this.groups = List.copyOf(groups);
        this.placed = Map.copyOf(placed);
        this.factorAtFirst = factorAtFirst;
        this.transfersMax = transfersMax;
        this.thread = new Thread(this::run, "replication-placer");
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        while (!closing) {
            LockSupport.parkNanos(this, TICK_NANOS);
            try {
                if (!closing
                        && first.consensus.leads()
                        && !first.cluster.members().isEmpty()) {
                    round();
                }
            } catch (InterruptedException e) {
                return; // close() says so
            } catch (ExecutionException | TimeoutException | RuntimeException e) {
                LOG.atInfo()
                        .addKeyValue("reason", String.valueOf(e.getCause() == null ? e : e.getCause()))
                        .log("groups could not be placed; it is tried again");
            }
        }
    }

    /// One at a time with wishes: what a move was decided by must still be so when it is written down.
    private synchronized void round() throws InterruptedException, ExecutionException, TimeoutException {
        if (document(FACTOR).isEmpty()) {
            put(FACTOR, Integer.toString(factorAtFirst), 0);
            return;
        }
        Replicas replicas = replicas();
        List<Replicas.Move> due = replicas.due(numbers());
        boolean levels = due.isEmpty() && document(LEVEL).isPresent();
        List<Replicas.Move> moves = levels ? replicas.levelling().stream().toList() : due;
        List<Integer> moving = moving();
        if (levels && moves.isEmpty() && moving.isEmpty()) {
            put(LEVEL, "", -1);
        }
        for (Replicas.Move move : moves) {
            if (replicas.mayBegin(move, moving, transfersMax)) {
                first.cluster.barrier(0).get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
                place(move.group(), move.nodes(), version(move.group()), move.reason());
                return;
            }
        }
    }

    /// Of a group's placement.
    private long version(int group) {
        return document(DistantGroup.PLACEMENT + group).map(Document::version).orElse(0L);
    }

    private boolean place(int group, List<String> nodes, long version, String reason)
            throws InterruptedException, ExecutionException, TimeoutException {
        DocumentOutcome outcome = first.putDocument(DistantGroup.PLACEMENT + group, DistantGroup.encode(nodes), version)
                .get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        LOG.atInfo()
                .addKeyValue("group", group)
                .addKeyValue("nodes", nodes)
                .addKeyValue("reason", reason)
                .addKeyValue("outcome", outcome)
                .log("a group is placed");
        return outcome instanceof DocumentOutcome.Stored;
    }

    private void put(String key, String value, long version)
            throws InterruptedException, ExecutionException, TimeoutException {
        first.putDocument(key, value.getBytes(StandardCharsets.UTF_8), version)
                .get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    private Optional<Document> document(String key) {
        return Optional.ofNullable(first.state.metadata().document(key));
    }

    private List<Integer> numbers() {
        return placed.keySet().stream().sorted().toList();
    }

    private Replicas.Factors factors() {
        Map<Integer, Integer> own = new HashMap<>();
        for (int group : placed.keySet()) {
            number(FACTOR_OF + group).ifPresent(replicas -> own.put(group, replicas));
        }
        return new Replicas.Factors(number(FACTOR).orElse(factorAtFirst), own);
    }

    private Optional<Integer> number(String key) {
        return document(key).map(document -> Integer.parseInt(new String(document.value(), StandardCharsets.UTF_8)));
    }

    private Replicas replicas() {
        List<String> leaving = first.book.leaving();
        List<String> nodes =
                nodes().stream().filter(node -> !leaving.contains(node)).toList();
        Map<Integer, List<String>> held = new HashMap<>();
        placed.forEach((number, group) -> {
            List<String> placement = group.placement();
            if (!placement.isEmpty()) {
                held.put(number, placement);
            }
        });
        return new Replicas(nodes, first.book.draining(), factors(), held);
    }

    private List<String> nodes() {
        return first.cluster.members().stream().map(Member::nodeId).toList();
    }

    /// Groups whose members are not yet, or not known to be, the nodes on which they are placed.
    List<Integer> moving() {
        List<Integer> moving = new ArrayList<>();
        placed.forEach((number, group) -> {
            List<String> placement = group.placement();
            if (!placement.isEmpty() && !new HashSet<>(placement).equals(new HashSet<>(membersOf(number, group)))) {
                moving.add(number);
            }
        });
        moving.sort(null);
        return moving;
    }

    /// Groups on their way, for people: which node one comes to next, or leaves.
    List<ClusterView.Transfer> transfers() {
        List<ClusterView.Transfer> transfers = new ArrayList<>();
        placed.forEach((number, group) -> {
            List<String> placement = group.placement();
            List<String> now = membersOf(number, group);
            if (placement.isEmpty() || now.isEmpty()) {
                return;
            }
            List<String> come = new ArrayList<>(placement);
            come.removeAll(now);
            List<String> go = new ArrayList<>(now);
            go.removeAll(placement);
            for (String node : come.isEmpty() ? go : come) {
                String what = "%s group %d".formatted(come.isEmpty() ? "leave" : "hold", number);
                transfers.add(new ClusterView.Transfer(node, what, "from %s to %s".formatted(now, placement), 0, -1));
            }
        });
        return transfers;
    }

    /// Node ids; empty while nobody has said.
    private List<String> membersOf(int number, DistantGroup group) {
        return members(groups.get(number), group).stream()
                .map(peer -> Member.nodeIdOf(peer.peerId()))
                .toList();
    }

    /// The members of a group as this node knows or has been told, those included that are being dropped.
    static List<GroupPeers.Peer> members(GroupLog log, DistantGroup distant) {
        if (distant.isHere()) {
            return log.consensus.group().voting();
        }
        GroupReport report = distant.known();
        return report == null ? List.of() : report.members();
    }

    // ---- wishes

    CompletableFuture<MembershipOutcome> reassign(Reassignment wish) {
        CompletableFuture<MembershipOutcome> outcome = new CompletableFuture<>();
        Thread.ofVirtual().name("replication-reassign").start(() -> {
            try {
                MembershipOutcome decided = decide(wish);
                outcome.complete(decided instanceof MembershipOutcome.Done ? awaitPlaced() : decided);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                outcome.complete(new MembershipOutcome.Failed("the node is stopping"));
            } catch (ExecutionException | TimeoutException | RuntimeException e) {
                outcome.complete(
                        first.consensus.leads()
                                ? new MembershipOutcome.Failed("" + (e.getCause() == null ? e : e.getCause()))
                                : notLeader());
            }
        });
        return outcome;
    }

    private MembershipOutcome.NotLeader notLeader() {
        return new MembershipOutcome.NotLeader(first.consensus.leader().orElse(null));
    }

    private synchronized MembershipOutcome decide(Reassignment wish)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (!first.consensus.leads()) {
            return notLeader();
        }
        first.cluster.barrier(0).get(COMMAND_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        List<String> nodes = replicas().nodes();
        return switch (wish) {
            case Reassignment.Place(int group, List<String> wanted) -> {
                String refused = refusal(group, wanted, nodes);
                if (refused != null) {
                    yield new MembershipOutcome.Refused(refused);
                }
                List<Integer> moving = new ArrayList<>(moving());
                moving.remove((Integer) group);
                if (moving.size() >= transfersMax) {
                    yield new MembershipOutcome.Busy(
                            "groups %s are moving; try again when that is done".formatted(moving));
                }
                yield place(group, wanted, version(group), "somebody asked for it")
                        ? new MembershipOutcome.Done()
                        : new MembershipOutcome.Busy(
                                "group %d was just placed elsewhere; look and try again".formatted(group));
            }
            case Reassignment.Factor(int replicas) -> {
                String refused = refusal(replicas, nodes);
                if (refused != null) {
                    yield new MembershipOutcome.Refused(refused);
                }
                for (int group : factors().own().keySet()) {
                    put(FACTOR_OF + group, "", -1);
                }
                put(FACTOR, Integer.toString(replicas), -1);
                yield new MembershipOutcome.Done();
            }
            case Reassignment.FactorOf(int group, int replicas) -> {
                String refused = placed.containsKey(group) ? refusal(replicas, nodes) : noSuchGroup(group);
                if (refused != null) {
                    yield new MembershipOutcome.Refused(refused);
                }
                put(FACTOR_OF + group, Integer.toString(replicas), -1);
                yield new MembershipOutcome.Done();
            }
            case Reassignment.Level level -> {
                put(LEVEL, "1", -1);
                yield new MembershipOutcome.Done();
            }
        };
    }

    private @Nullable String refusal(int group, List<String> wanted, List<String> nodes) {
        if (!placed.containsKey(group)) {
            return noSuchGroup(group);
        }
        for (String node : wanted) {
            if (!nodes.contains(node)) {
                return "there is no node '%s' that could hold a group; there are %s".formatted(node, nodes);
            }
        }
        int factor = factors().of(group);
        int replicas = Math.min(factor, nodes.size());
        return wanted.size() != replicas || new HashSet<>(wanted).size() != replicas
                ? "the replication factor of group %d is %d: name %d different nodes, not %s"
                        .formatted(group, factor, replicas, wanted)
                : null;
    }

    private @Nullable String refusal(int replicas, List<String> nodes) {
        if (replicas < 1 || replicas > nodes.size()) {
            return "a replication factor is 1 to %d here, because there are %d nodes; not %d"
                    .formatted(nodes.size(), nodes.size(), replicas);
        }
        return replicas == 1 && factorAtFirst > 1
                ? "with one replica a damaged one must not be set aside, and nodes that were started with raft.replication-factor %d would do that; start them all with 1 first"
                        .formatted(factorAtFirst)
                : null;
    }

    private String noSuchGroup(int group) {
        return group == 0
                ? "group 0 carries the metadata and is on every node; there are groups 1 to %d to place"
                        .formatted(placed.size())
                : "there is no group %d, there are 1 to %d".formatted(group, placed.size());
    }

    /// Waits until every group is where it shall be and nothing is left to do.
    private MembershipOutcome awaitPlaced() throws InterruptedException {
        long deadline = System.nanoTime() + WISH_NANOS_MAX;
        while (!closing) {
            if (!first.consensus.leads()) {
                return notLeader();
            }
            if (moving().isEmpty()
                    && replicas().due(numbers()).isEmpty()
                    && document(LEVEL).isEmpty()) {
                return new MembershipOutcome.Done();
            }
            if (System.nanoTime() > deadline) {
                return new MembershipOutcome.Busy("groups %s are still moving".formatted(moving()));
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        return new MembershipOutcome.Failed("the node is stopping");
    }

    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        Threads.awaitEnd(thread);
    }
}
