package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes with three groups each: leaders on all nodes, commands that travel, members that come and go.
class GroupsClusterTest {
    private static final int GROUPS = 3;
    private static final String FIT = "millrace.groups.fitMs";

    @TempDir
    Path folder;

    private @Nullable NodeCluster started;

    @BeforeEach
    void spreadSoon() {
        System.setProperty(FIT, "1500");
    }

    @AfterEach
    void stop() {
        System.clearProperty(FIT);
        System.clearProperty("millrace.raft.segmentBytes");
        System.clearProperty("millrace.raft.keptEntries");
        if (started != null) {
            started.close();
        }
    }

    private NodeCluster cluster(int count) throws Exception {
        return cluster(count, settings -> settings.with(GROUPS));
    }

    private NodeCluster cluster(int count, java.util.function.UnaryOperator<ReplicationSettings> adjust)
            throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        cluster.adjust = adjust;
        cluster.form(count);
        eventually(
                () -> get(cluster.node("n1").createTopic("t", Nodes.partitions(GROUPS))),
                outcome -> outcome instanceof TopicOutcome.Done);
        return cluster;
    }

    private interface Call<T> {
        T run() throws Exception;
    }

    /// Tries again while nobody leads or nobody knows.
    private static <T> T eventually(Call<T> call, java.util.function.Predicate<T> done) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String last = "nothing";
        while (System.nanoTime() < deadline) {
            try {
                T outcome = call.run();
                if (done.test(outcome)) {
                    return outcome;
                }
                last = String.valueOf(outcome);
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof OutcomeUnknownException)
                        && !(e.getCause() instanceof ReplicationException)) {
                    throw e;
                }
                last = String.valueOf(e.getCause());
            }
            Thread.onSpinWait();
            java.util.concurrent.locks.LockSupport.parkNanos(20_000_000);
        }
        throw new AssertionError("did not come to an end within 60 s: " + last);
    }

    private void append(ReplicatedLog log, int partition, String value) throws Exception {
        try {
            eventually(
                    () -> get(log.append(new AppendRequest(
                            "t", partition, records(value), Acknowledgement.QUORUM, value, 1, -1, null))),
                    outcome -> outcome instanceof AppendOutcome.Appended || outcome instanceof AppendOutcome.Duplicate);
        } catch (AssertionError never) {
            StringBuilder state = new StringBuilder("partition %d:".formatted(partition));
            if (started != null) {
                started.nodes()
                        .forEach((id, node) -> state.append("%n%s: %s%n   %s"
                                .formatted(
                                        id, node.health(), node.cluster().view().groups())));
            }
            throw new AssertionError(state.toString(), never);
        }
    }

    private static List<@Nullable String> leaders(ReplicatedLog log) {
        return log.cluster().view().groups().stream()
                .map(ClusterView.Group::leader)
                .toList();
    }

    private static void awaitValues(NodeCluster cluster, Map<Integer, List<String>> expected) {
        cluster.nodes()
                .forEach((id, node) -> Nodes.await(id + " has everything", () -> {
                    try {
                        for (Map.Entry<Integer, List<String>> one : expected.entrySet()) {
                            if (node.topic("t").isEmpty()
                                    || !Nodes.values(node.partition("t", one.getKey()))
                                            .equals(one.getValue())) {
                                return false;
                            }
                        }
                        return true;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }));
    }

    @Test
    void leadersAreSpreadAndEveryGroupIsLedAgainAfterOneOfThemDies() throws Exception {
        NodeCluster cluster = cluster(3);
        for (ReplicatedLog node : cluster.nodes().values()) {
            Nodes.await("leaders are spread", () -> leaders(node).equals(List.of("n1", "n2", "n3")));
        }
        Map<Integer, List<String>> expected = new TreeMap<>();
        for (int partition = 0; partition < GROUPS; partition++) {
            List<String> values = expected.computeIfAbsent(partition, ignored -> new ArrayList<>());
            for (String id : cluster.nodes().keySet()) { // two of three travel
                values.add(id + " " + partition);
                append(cluster.node(id), partition, id + " " + partition);
            }
        }
        awaitValues(cluster, expected);
        assertThat(cluster.nodes().values().stream()
                        .mapToDouble(node -> node.metrics().getOrDefault("replication_relayed_total", 0.0))
                        .sum())
                .isPositive();

        cluster.kill("n2");
        for (int partition = 0; partition < GROUPS; partition++) {
            append(cluster.node("n3"), partition, "without n2 " + partition);
            java.util.Objects.requireNonNull(expected.get(partition)).add("without n2 " + partition);
        }
        for (ReplicatedLog node : cluster.nodes().values()) {
            assertThat(node.leader("t", 0)).isNotEqualTo(Optional.of("n2"));
        }
        // back at once, it would be taken for one that gave the lead away, and wait for minutes
        Nodes.await(
                "whoever leads group 1 has noticed that n2 is away",
                () -> cluster.nodes().values().stream()
                        .flatMap(node -> node.cluster().view().groups().stream())
                        .filter(group -> group.group() == 1 && group.role().equals("leader"))
                        .flatMap(group -> group.followers().stream())
                        .anyMatch(follower -> follower.nodeId().equals("n2") && follower.silentMs() > 2_500));
        cluster.reopen("n2");
        awaitValues(cluster, expected);
        Nodes.await(
                "n2 leads its group again", () -> leaders(cluster.node("n1")).equals(List.of("n1", "n2", "n3")));
        Nodes.await(
                "all are ready",
                () -> cluster.nodes().values().stream()
                        .allMatch(node -> node.health().ready()));
    }

    @Test
    void commandsOfAnyNodeReachTheGroupThatDecidesThem() throws Exception {
        NodeCluster cluster = cluster(3);
        Nodes.await("leaders are spread", () -> leaders(cluster.node("n1")).equals(List.of("n1", "n2", "n3")));
        long generation = 0;
        for (String id : cluster.nodes().keySet()) {
            ReplicatedLog node = cluster.node(id);
            String mine = "mine-" + id;
            eventually(
                    () -> get(node.createTopic(mine, Nodes.partitions(4))),
                    outcome -> outcome instanceof TopicOutcome.Done);
            for (ReplicatedLog other : cluster.nodes().values()) {
                for (int partition = 0; partition < 4; partition++) { // acknowledged is known, to everybody who writes
                    assertThat(Nodes.append(other, mine, partition, "x")).isInstanceOf(AppendOutcome.Appended.class);
                }
            }
            assertThat(get(node.commit(mine, "g", 3, 1))).isInstanceOf(CommitOutcome.Committed.class);
            assertThat(get(node.commit(mine, "g", 3, 10))).isEqualTo(new CommitOutcome.OutOfRange(3));
            assertThat(get(node.putDocument(mine, new byte[] {1}, 0))).isEqualTo(new DocumentOutcome.Stored(1));
            assertThat(get(node.putDocument(mine, new byte[] {1}, 0)))
                    .isEqualTo(new DocumentOutcome.VersionMismatch(1));
            assertThat(get(node.setRetention(mine, new Retention(1_000_000, -1))))
                    .isInstanceOf(TopicOutcome.Done.class);
            assertThat(get(node.deleteBefore(mine, 2, 2))).isInstanceOf(TopicOutcome.Done.class);

            generation += 2;
            assertThat(get(node.fence("q", generation))).isEqualTo(new FenceOutcome.Raised());
            assertThat(get(node.fence("q", generation))).isEqualTo(new FenceOutcome.Stale(generation));
            for (int partition = 0; partition < 4; partition++) {
                assertThat(stamped(node, mine, partition, generation)).isInstanceOf(AppendOutcome.Appended.class);
                assertThat(stamped(node, mine, partition, generation - 1))
                        .isEqualTo(new AppendOutcome.Fenced(generation));
            }
            assertThat(get(node.fence("q", generation + 1))).isEqualTo(new FenceOutcome.Raised());
            assertThat(node.stamps("q", mine).keySet()) // all that the older one wrote is seen at once
                    .containsExactly(0, 1, 2, 3);
            assertThat(get(node.deleteTopic(mine))).isInstanceOf(TopicOutcome.Done.class);
            for (ReplicatedLog other : cluster.nodes().values()) {
                Nodes.await("the topic is gone", () -> other.topic(mine).isEmpty());
            }
        }
        assertThat(get(cluster.node("n1").append(AppendRequest.of("nobody-made-it", 0, records("x")))))
                .isEqualTo(new AppendOutcome.UnknownTopic());
    }

    private static AppendOutcome stamped(ReplicatedLog node, String topic, int partition, long generation)
            throws Exception {
        return get(node.append(new AppendRequest(
                topic,
                partition,
                records(),
                Acknowledgement.QUORUM,
                null,
                0,
                -1,
                new OutputStamp("q", generation, 1, "f".getBytes(StandardCharsets.UTF_8), 0))));
    }

    @Test
    void aSingleNodeGrowsToThreeUnderLoadAndShrinksAgainInAllGroups() throws Exception {
        NodeCluster cluster = cluster(1);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Map<Integer, List<String>> sent = new TreeMap<>();
        Thread writer = new Thread(() -> {
            try {
                for (int i = 0; !stop.get(); i++) {
                    String value = "load " + i;
                    append(cluster.node("n1"), i % GROUPS, value);
                    sent.computeIfAbsent(i % GROUPS, ignored -> new ArrayList<>())
                            .add(value);
                }
            } catch (Exception | AssertionError e) {
                failure.set(e);
            }
        });
        writer.start();
        for (String id : List.of("n2", "n3")) {
            Member joining = cluster.define(id);
            ReplicatedLog node = cluster.open(id, List.of());
            assertThat(changeOf(cluster, it -> it.add(joining))).isEqualTo(new MembershipOutcome.Done());
            Nodes.await(id + " is ready", () -> node.health().ready());
        }
        for (ReplicatedLog node : cluster.nodes().values()) {
            Nodes.await("all groups know all", () -> members(node).equals(Set.of(List.of("n1", "n2", "n3"))));
        }
        stop.set(true);
        writer.join();
        assertThat(failure.get()).isNull();
        awaitValues(cluster, sent);
        Nodes.await("leaders are spread", () -> leaders(cluster.node("n1")).equals(List.of("n1", "n2", "n3")));

        assertThat(changeOf(cluster, it -> it.remove("n3"))).isEqualTo(new MembershipOutcome.Done());
        cluster.close("n3");
        for (ReplicatedLog node : cluster.nodes().values()) {
            Nodes.await("all groups have let go", () -> members(node).equals(Set.of(List.of("n1", "n2"))));
        }
        append(cluster.node("n2"), 0, "last");
        java.util.Objects.requireNonNull(sent.get(0)).add("last");
        awaitValues(cluster, sent);
    }

    @Test
    void aDrainedNodeLeadsNoGroupAndOneThatMayAgainGetsItsGroupBack() throws Exception {
        NodeCluster cluster = cluster(3);
        Nodes.await("leaders are spread", () -> leaders(cluster.node("n1")).equals(List.of("n1", "n2", "n3")));
        assertThat(changeOf(cluster, it -> it.drain("n1", true))).isEqualTo(new MembershipOutcome.Done());
        Nodes.await("n1 leads nothing", () -> {
            List<@Nullable String> leaders = leaders(cluster.node("n3"));
            return leaders.stream().allMatch(leader -> leader != null && !leader.equals("n1"));
        });
        append(cluster.node("n1"), 1, "while n1 is drained");
        assertThat(changeOf(cluster, it -> it.drain("n1", false))).isEqualTo(new MembershipOutcome.Done());
        awaitValues(cluster, Map.of(1, List.of("while n1 is drained")));
    }

    @Test
    void aRemovalThatItsLeaderDidNotFinishIsFinishedByTheNextOne() throws Exception {
        NodeCluster cluster = cluster(3);
        // the first thing that a removal writes, and all that a crash right after it leaves
        assertThat(eventually(
                        () -> get(cluster.node("n1").putDocument("_leaving/n3", new byte[] {'1'}, -1)),
                        outcome -> outcome instanceof DocumentOutcome.Stored))
                .isNotNull();
        for (String id : List.of("n1", "n2")) {
            Nodes.await(
                    id + " knows two members in all groups",
                    () -> members(cluster.node(id)).equals(Set.of(List.of("n1", "n2"))));
            Nodes.await(
                    "nothing is left of it",
                    () -> cluster.node(id).documents("_leaving/").isEmpty());
        }
        cluster.close("n3");
        append(cluster.node("n2"), 2, "by two");
        awaitValues(cluster, Map.of(2, List.of("by two")));
    }

    @Test
    void aReplicaThatIsTooFarBehindIsRebuiltInEveryGroup() throws Exception {
        System.setProperty("millrace.raft.segmentBytes", String.valueOf(64 << 10));
        System.setProperty("millrace.raft.keptEntries", "3");
        NodeCluster cluster = cluster(3, GroupsClusterTest::withShortLogs);
        cluster.kill("n3");
        Map<Integer, List<String>> expected = new TreeMap<>();
        for (int i = 0; i < 300; i++) {
            int partition = i % GROUPS;
            String value = i + "x".repeat(2_000);
            append(cluster.node("n1"), partition, value);
            expected.computeIfAbsent(partition, ignored -> new ArrayList<>()).add(value);
        }
        for (ReplicatedLog node : cluster.nodes().values()) {
            for (int group = 0; group < GROUPS; group++) {
                ReplicatedLog one = GroupLogs.group(node, group);
                Nodes.await("a snapshot of group " + group, () -> GroupLogs.takeSnapshot(one));
            }
        }
        cluster.reopen("n3");
        awaitValues(cluster, expected);
        Nodes.await("n3 is ready", () -> cluster.node("n3").health().ready());
        assertThat(cluster.node("n3").metrics().getOrDefault("replication_rebuilds_total", 0.0))
                .isGreaterThanOrEqualTo(GROUPS);
        cluster.close("n3"); // and comes up again from what it has fetched
        cluster.reopen("n3");
        awaitValues(cluster, expected);
    }

    private static ReplicationSettings withShortLogs(ReplicationSettings settings) {
        return new ReplicationSettings(
                settings.self(),
                settings.members(),
                settings.dataFolder(),
                GROUPS,
                settings.log(),
                60 << 10,
                settings.pendingBytesMax(),
                settings.snapshotBytes(),
                java.time.Duration.ofDays(1),
                0,
                settings.idempotencyWindow(),
                settings.idempotencyKeysMax(),
                settings.requestTimeout());
    }

    /// Members of each group; one element when they agree.
    private static Set<List<String>> members(ReplicatedLog node) {
        Set<List<String>> all = new java.util.HashSet<>();
        node.cluster().view().groups().forEach(group -> all.add(List.copyOf(new TreeSet<>(group.members()))));
        return all;
    }

    private static MembershipOutcome changeOf(
            NodeCluster cluster,
            java.util.function.Function<Cluster, java.util.concurrent.CompletableFuture<MembershipOutcome>> what)
            throws Exception {
        return cluster.changeByGroupZero(what, outcome -> !(outcome instanceof MembershipOutcome.NotLeader));
    }
}
