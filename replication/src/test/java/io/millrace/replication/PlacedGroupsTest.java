package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Groups that lie on some of the nodes only: every node answers for all of them, and they move.
class PlacedGroupsTest {
    private static final int GROUPS = 3;
    private static final int FACTOR = 2;
    private static final int PARTITIONS = 4;
    private static final List<String> PROPERTIES = List.of("millrace.groups.fitMs", "millrace.groups.leaveMs");

    @TempDir
    Path folder;

    private @Nullable NodeCluster started;
    private final Map<Integer, List<String>> sent = new TreeMap<>();
    private int number;

    @BeforeEach
    void hurry() {
        System.setProperty("millrace.groups.fitMs", "1500");
        System.setProperty("millrace.groups.leaveMs", "1500");
    }

    @AfterEach
    void stop() {
        if (started != null) {
            started.close();
        }
        PROPERTIES.forEach(System::clearProperty);
    }

    private NodeCluster cluster(int count) throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        cluster.adjust = settings -> settings.with(GROUPS, FACTOR);
        cluster.form(count);
        Nodes.await(
                "topic t",
                () -> get(cluster.node("n1").createTopic("t", Nodes.partitions(PARTITIONS)))
                        instanceof TopicOutcome.Done);
        awaitPlaced(cluster);
        return cluster;
    }

    private static List<ClusterView.Group> groups(ReplicatedLog node) {
        return node.cluster().view().groups();
    }

    /// Every node says of every group but group 0 that so many have it; and those who do not have deleted it.
    private static void awaitPlaced(NodeCluster cluster) {
        int replicas = Math.min(FACTOR, cluster.nodes().size());
        cluster.nodes()
                .forEach((id, node) -> Nodes.await(id + " sees groups where they should be", () -> {
                    for (ClusterView.Group group : groups(node)) {
                        int expected = group.group() == 0
                                ? groups(node).getFirst().members().size()
                                : replicas;
                        if (group.members().size() != expected || group.leader() == null) {
                            throw new IllegalStateException(group.toString());
                        }
                        boolean mine = group.members().contains(id);
                        if (mine == group.role().equals("elsewhere")
                                || (!mine && hasRecords(cluster, id, group.group()))) {
                            throw new IllegalStateException(id + ": " + group);
                        }
                    }
                    return true;
                }));
    }

    private static boolean hasRecords(NodeCluster cluster, String id, int group) throws IOException {
        Path logs = cluster.folder(id).resolve("group-" + group);
        try (var files = Files.walk(logs)) {
            return files.anyMatch(file -> file.toString().endsWith(".log"));
        }
    }

    private void append(NodeCluster cluster, String id, int partition) throws Exception {
        String value = id + " " + partition + " " + number++;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        Object last = "nothing";
        while (System.nanoTime() < deadline) {
            try {
                AppendOutcome outcome = get(cluster.node(id)
                        .append(new AppendRequest(
                                "t", partition, records(value), Acknowledgement.QUORUM, value, 1, -1, null)));
                if (outcome instanceof AppendOutcome.Appended || outcome instanceof AppendOutcome.Duplicate) {
                    sent.computeIfAbsent(partition, ignored -> new ArrayList<>())
                            .add(value);
                    return;
                }
                last = outcome;
            } catch (ExecutionException e) {
                last = e.getCause();
            }
            LockSupport.parkNanos(20_000_000);
        }
        throw new AssertionError("could not append %s: %s".formatted(value, last));
    }

    private void appendEverywhere(NodeCluster cluster) throws Exception {
        for (String id : cluster.nodes().keySet()) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                append(cluster, id, partition);
            }
        }
    }

    private void awaitEverywhere(NodeCluster cluster) {
        cluster.nodes()
                .forEach((id, node) -> sent.forEach((partition, values) -> Nodes.await(
                        id + " reads partition " + partition,
                        () -> Nodes.values(node.partition("t", partition)).equals(values))));
    }

    private static MembershipOutcome change(
            NodeCluster cluster, Function<Cluster, java.util.concurrent.CompletableFuture<MembershipOutcome>> what)
            throws Exception {
        return cluster.changeByGroupZero(
                what,
                outcome -> !(outcome instanceof MembershipOutcome.NotLeader)
                        && !(outcome instanceof MembershipOutcome.Busy));
    }

    @Test
    void everyNodeWritesAndReadsWhatLiesOnOthers() throws Exception {
        NodeCluster cluster = cluster(4);
        List<Set<String>> places = new ArrayList<>();
        groups(cluster.node("n1")).stream()
                .filter(group -> group.group() > 0)
                .forEach(group -> places.add(new HashSet<>(group.members())));
        assertThat(places.get(0)).doesNotContainAnyElementsOf(places.get(1)); // the load is even
        appendEverywhere(cluster);
        awaitEverywhere(cluster);
        for (Map.Entry<String, ReplicatedLog> entry : cluster.nodes().entrySet()) {
            ReplicatedLog node = entry.getValue();
            assertThat(Nodes.append(node, "nobody-made-it", 0, "x")).isEqualTo(new AppendOutcome.UnknownTopic());
            assertThat(Nodes.append(node, "t", PARTITIONS, "x"))
                    .isEqualTo(new AppendOutcome.UnknownPartition(PARTITIONS));
            for (int partition = 0; partition < PARTITIONS; partition++) {
                int there = partition;
                String group = "g-" + entry.getKey();
                assertThat(get(node.commit("t", group, there, 1))).isInstanceOf(CommitOutcome.Committed.class);
                assertThat(get(node.commit("t", group, there, 1_000))).isInstanceOf(CommitOutcome.OutOfRange.class);
                for (ReplicatedLog other : cluster.nodes().values()) {
                    get(other.cluster().barriers()); // everything that was acknowledged is seen
                    assertThat(other.committed("t", group, there)).hasValue(1);
                    assertThat(other.groups()).containsKey(group);
                    assertThat(other.partition("t", there).nextOffset())
                            .isEqualTo(values(there).size());
                    assertThat(other.leader("t", there)).isPresent();
                }
            }
            assertThat(node.health().ready())
                    .as("%s: %s", entry.getKey(), node.health())
                    .isTrue();
        }
    }

    private List<String> values(int partition) {
        return sent.getOrDefault(partition, List.of());
    }

    @Test
    void recordsOfOtherNodesComeWithKeysHeadersMarkersAndTimes() throws Exception {
        NodeCluster cluster = cluster(3);
        io.millrace.log.RecordBuffer records = new io.millrace.log.RecordBuffer();
        byte[] key = "key".getBytes(StandardCharsets.UTF_8);
        byte[] value = "value".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 100; i++) {
            records.add(
                    1_000 + i,
                    i % 3 == 0 ? null : key,
                    0,
                    i % 3 == 0 ? -1 : key.length,
                    i % 5 == 0 ? null : value,
                    0,
                    i % 5 == 0 ? -1 : value.length,
                    i % 7 == 0
                            ? List.of()
                            : List.of(
                                    new io.millrace.log.RecordHeader("a", new byte[] {1}),
                                    new io.millrace.log.RecordHeader("b", new byte[0])));
        }
        assertThat(get(cluster.node("n1").append(AppendRequest.of("t", 2, records))))
                .isInstanceOf(AppendOutcome.Appended.class);
        Map<String, List<String>> read = new TreeMap<>();
        for (Map.Entry<String, ReplicatedLog> node : cluster.nodes().entrySet()) {
            get(node.getValue().cluster().barriers());
            PartitionLog log = node.getValue().partition("t", 2);
            assertThat(log.offsetAtTime(1_050)).isEqualTo(50);
            read.put(node.getKey(), described(log));
            assertThatThrownBy(() -> log.reader(101)).isInstanceOf(io.millrace.log.OffsetOutOfRangeException.class);
            try (RecordReader reader = log.reader(100)) {
                assertThat(reader.fill(Long.MAX_VALUE, 1_000)).isFalse();
            }
            try (RecordReader reader = log.reader(10)) { // in the middle of the batch, and not to its end
                assertThat(reader.fill(20, 1 << 20)).isTrue();
                for (int i = 10; i < 20; i++) {
                    assertThat(reader.next()).isTrue();
                    assertThat(reader.offset()).isEqualTo(i);
                }
                assertThat(reader.next()).isFalse();
                assertThat(reader.position()).isEqualTo(20);
                assertThat(reader.fill(Long.MAX_VALUE, 1)).isTrue();
                assertThat(reader.next()).isTrue();
                assertThat(reader.offset()).isEqualTo(20);
            }
        }
        assertThat(read.get("n2")).isEqualTo(read.get("n1")).hasSize(100);
        assertThat(read.get("n3")).isEqualTo(read.get("n1"));
    }

    private static List<String> described(PartitionLog log) throws IOException {
        List<String> all = new ArrayList<>();
        try (RecordReader reader = log.reader(0)) {
            while (reader.fill(Long.MAX_VALUE, 300)) {
                while (reader.next()) {
                    var copy = reader.copy();
                    List<String> headers = copy.headers().stream()
                            .map(header -> header.name() + header.value().length)
                            .toList();
                    all.add("%d %d %s %s %s %s"
                            .formatted(
                                    copy.offset(),
                                    copy.timestampMs(),
                                    text(copy.key()),
                                    text(copy.value()),
                                    headers,
                                    reader.isMarker()));
                }
            }
        }
        return all;
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void generationsAreFencedInGroupsThatLieElsewhere() throws Exception {
        NodeCluster cluster = cluster(4);
        long generation = 0;
        for (ReplicatedLog node : cluster.nodes().values()) {
            generation += 2;
            assertThat(get(node.fence("q", generation))).isEqualTo(new FenceOutcome.Raised());
            for (int partition = 0; partition < PARTITIONS; partition++) {
                assertThat(stamped(node, partition, generation)).isInstanceOf(AppendOutcome.Appended.class);
                assertThat(stamped(node, partition, generation - 1)).isEqualTo(new AppendOutcome.Fenced(generation));
            }
            assertThat(get(node.fence("q", generation + 1))).isEqualTo(new FenceOutcome.Raised());
            long mine = generation;
            assertThat(node.stamps("q", "t").values()) // all that the older one wrote is seen at once
                    .hasSize(PARTITIONS)
                    .allMatch(stamp -> stamp.generation() == mine);
        }
    }

    private static AppendOutcome stamped(ReplicatedLog node, int partition, long generation) throws Exception {
        return get(node.append(new AppendRequest(
                "t",
                partition,
                records(),
                Acknowledgement.QUORUM,
                null,
                0,
                -1,
                new OutputStamp("q", generation, 1, "f".getBytes(StandardCharsets.UTF_8), 0))));
    }

    @Test
    void aGroupMovesUnderLoadAndAReaderGoesOn() throws Exception {
        NodeCluster cluster = cluster(4);
        appendEverywhere(cluster);
        ClusterView.Group group = groups(cluster.node("n1")).get(1);
        List<String> others = cluster.nodes().keySet().stream()
                .filter(id -> !group.members().contains(id))
                .toList();
        int partition = partitionOf(cluster, 1);
        ReplicatedLog reading = cluster.node(group.members().getFirst()); // loses it while it reads
        try (RecordReader reader = reading.partition("t", partition).reader(0)) {
            List<String> read = new ArrayList<>();
            readOn(reader, read);
            assertThat(change(cluster, it -> it.reassign(new Reassignment.Place(1, List.of("n9", "n1")))))
                    .isInstanceOfSatisfying(
                            MembershipOutcome.Refused.class,
                            refused -> assertThat(refused.message()).contains("there is no node 'n9'"));
            assertThat(change(cluster, it -> it.reassign(new Reassignment.Place(0, others))))
                    .isInstanceOf(MembershipOutcome.Refused.class);
            assertThat(change(cluster, it -> it.reassign(new Reassignment.Place(GROUPS, others))))
                    .isInstanceOf(MembershipOutcome.Refused.class);
            assertThat(change(cluster, it -> it.reassign(new Reassignment.Place(1, others.subList(0, 1)))))
                    .isInstanceOf(MembershipOutcome.Refused.class);
            append(cluster, "n1", partition);
            AtomicBoolean shown = new AtomicBoolean();
            Thread watching = watchTransfers(cluster.node("n1"), shown);
            assertThat(change(cluster, it -> it.reassign(new Reassignment.Place(1, others))))
                    .isEqualTo(new MembershipOutcome.Done());
            watching.interrupt();
            watching.join();
            assertThat(shown).isTrue();
            appendEverywhere(cluster);
            Nodes.await("the reader has everything", () -> {
                readOn(reader, read);
                return read.equals(values(partition));
            });
        }
        assertThat(groups(cluster.node("n1")).get(1).members()).containsExactlyInAnyOrderElementsOf(others);
        awaitPlaced(cluster);
        awaitEverywhere(cluster);

        // and back to one that had it, which begins with nothing
        assertThat(change(
                        cluster,
                        it -> it.reassign(new Reassignment.Place(
                                1, List.of(group.members().getFirst(), others.getFirst())))))
                .isEqualTo(new MembershipOutcome.Done());
        appendEverywhere(cluster);
        awaitPlaced(cluster);
        awaitEverywhere(cluster);
        for (String id : List.copyOf(cluster.nodes().keySet())) {
            cluster.kill(id);
            cluster.reopen(id);
            append(cluster, id, partition);
        }
        awaitPlaced(cluster);
        awaitEverywhere(cluster);
    }

    /// Notes whether a group is shown on its way.
    private static Thread watchTransfers(ReplicatedLog node, AtomicBoolean shown) {
        return Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                if (node.cluster().view().transfers().stream()
                        .anyMatch(transfer -> transfer.what().equals("hold group 1"))) {
                    shown.set(true);
                }
                LockSupport.parkNanos(1_000_000);
            }
        });
    }

    private static void readOn(RecordReader reader, List<String> into) throws IOException {
        while (reader.fill(Long.MAX_VALUE, 1 << 20)) {
            while (reader.next()) {
                into.add(new String(reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8));
            }
        }
    }

    private static int partitionOf(NodeCluster cluster, int group) {
        long topic = cluster.node("n1").topic("t").orElseThrow().id();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            if (io.millrace.replication.placement.Placement.groupOf(topic, partition, new GroupLayout(GROUPS, true))
                    == group) {
                return partition;
            }
        }
        throw new AssertionError("no partition is in group " + group);
    }

    @Test
    void aSingleNodeGrowsToFourAndLosesOneAgain() throws Exception {
        NodeCluster cluster = cluster(1);
        appendEverywhere(cluster);
        for (String id : List.of("n2", "n3", "n4")) {
            Member joining = cluster.define(id);
            ReplicatedLog node = cluster.open(id, List.of());
            assertThat(change(cluster, it -> it.add(joining))).isEqualTo(new MembershipOutcome.Done());
            Nodes.await(id + " is ready", () -> node.health().ready());
            appendEverywhere(cluster);
        }
        awaitPlaced(cluster);
        awaitEverywhere(cluster);
        assertThat(change(cluster, it -> it.reassign(new Reassignment.Level())))
                .isEqualTo(new MembershipOutcome.Done());
        awaitPlaced(cluster);
        Map<String, Long> loads = new TreeMap<>();
        for (String id : cluster.nodes().keySet()) {
            loads.put(
                    id,
                    groups(cluster.node("n1")).stream()
                            .filter(group ->
                                    group.group() > 0 && group.members().contains(id))
                            .count());
        }
        assertThat(loads.values()).containsOnly(1L);
        appendEverywhere(cluster);

        assertThat(change(cluster, it -> it.remove("n4"))).isEqualTo(new MembershipOutcome.Done());
        cluster.close("n4");
        appendEverywhere(cluster);
        awaitPlaced(cluster);
        awaitEverywhere(cluster);

        assertThat(change(cluster, it -> it.reassign(new Reassignment.Factor(1))))
                .isInstanceOfSatisfying(
                        MembershipOutcome.Refused.class,
                        refused -> assertThat(refused.message()).contains("start them all with 1 first"));
        assertThat(change(cluster, it -> it.reassign(new Reassignment.Factor(4))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(change(cluster, it -> it.reassign(new Reassignment.Factor(3))))
                .isEqualTo(new MembershipOutcome.Done());
        awaitReplicas(cluster, List.of(3, 3, 3));
        awaitEverywhere(cluster);

        // one group alone, and all of them again
        assertThat(change(cluster, it -> it.reassign(new Reassignment.FactorOf(0, 2))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(change(cluster, it -> it.reassign(new Reassignment.FactorOf(2, 4))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(change(cluster, it -> it.reassign(new Reassignment.FactorOf(2, 2))))
                .isEqualTo(new MembershipOutcome.Done());
        awaitReplicas(cluster, List.of(3, 3, 2));
        appendEverywhere(cluster);
        awaitEverywhere(cluster);
        assertThat(change(cluster, it -> it.reassign(new Reassignment.Factor(3))))
                .isEqualTo(new MembershipOutcome.Done());
        awaitReplicas(cluster, List.of(3, 3, 3));
        awaitEverywhere(cluster);
    }

    /// Done means that the leader of group 0 has seen it; other nodes hear of it a moment later.
    private static void awaitReplicas(NodeCluster cluster, List<Integer> byGroup) {
        Nodes.await(
                "replicas: " + byGroup,
                () -> groups(cluster.node("n1")).stream()
                        .map(group -> group.members().size())
                        .toList()
                        .equals(byGroup));
    }

    @Test
    void withOneReplicaAGroupIsAwayWithItsNodeAndBackWithIt() throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        cluster.adjust = settings -> settings.with(GROUPS, 1);
        cluster.form(3);
        Nodes.await(
                "topic t",
                () -> get(cluster.node("n1").createTopic("t", Nodes.partitions(PARTITIONS)))
                        instanceof TopicOutcome.Done);
        Nodes.await(
                "groups have one member each",
                () -> groups(cluster.node("n1")).stream()
                        .skip(1)
                        .allMatch(group -> group.members().size() == 1 && group.leader() != null));
        appendEverywhere(cluster);
        awaitEverywhere(cluster);
        String holder = groups(cluster.node("n1")).get(1).members().getFirst();
        String other = cluster.nodes().keySet().stream()
                .filter(id -> !id.equals(holder))
                .findFirst()
                .orElseThrow();
        int partition = partitionOf(cluster, 1);
        cluster.kill(holder);
        Nodes.await(
                "it is known to be away",
                () -> cluster.node(other).leader("t", partition).isEmpty());
        assertThat(cluster.node(other).health().problems()).anyMatch(problem -> problem.contains(holder));
        cluster.kill(other);
        cluster.reopen(other);
        Nodes.await("it knows that there is a topic", () -> cluster.node(other).exists("t"));
        assertThat(cluster.node(other).topic("t"))
                .as("before its groups are heard of")
                .isEmpty();
        assertThat(cluster.node(other).exists("u")).isFalse();
        cluster.reopen(holder);
        append(cluster, other, partition);
        awaitEverywhere(cluster);
    }

    @Test
    void aFactorNeedsASecondGroupAndStaysOneForLife() throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        cluster.adjust = settings -> settings.with(1, 2);
        cluster.define("n1");
        assertThatThrownBy(() -> cluster.open("n1", List.of(cluster.member("n1"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("needs at least two groups");
        cluster.adjust = settings -> settings.with(2, 2);
        cluster.open("n1", List.of(cluster.member("n1")));
        cluster.close("n1");
        cluster.adjust = settings -> settings.with(2, 0);
        assertThatThrownBy(() -> cluster.reopen("n1"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("raft.replication-factor is 0");
        cluster.adjust = settings -> settings.with(2, 3); // the number itself is in the metadata
        cluster.open("n1", List.of(), new LocalDisk());
    }
}
