package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.LogSettings;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real nodes that missed so much that the others' Raft logs have forgotten it.
class RebuildTest {
    private static final int VALUE_BYTES = 2_000;

    @TempDir
    Path folder;

    private NodeCluster cluster = new NodeCluster(Path.of(""));
    private final SplittableRandom random = new SplittableRandom(20261121);

    @BeforeAll
    static void shortRaftLogs() {
        System.setProperty("millrace.raft.segmentBytes", String.valueOf(64 << 10));
        System.setProperty("millrace.raft.keptEntries", "3");
    }

    @AfterAll
    static void usualRaftLogs() {
        System.clearProperty("millrace.raft.segmentBytes");
        System.clearProperty("millrace.raft.keptEntries");
    }

    @BeforeEach
    void prepare() {
        cluster = new NodeCluster(folder);
        cluster.adjust = settings -> new ReplicationSettings(
                settings.self(),
                settings.members(),
                settings.dataFolder(),
                1,
                new LogSettings(64 << 10, 4096),
                60 << 10,
                settings.pendingBytesMax(),
                settings.snapshotBytes(),
                Duration.ofDays(1),
                0,
                settings.idempotencyWindow(),
                settings.idempotencyKeysMax(),
                settings.requestTimeout());
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    /// Appends records of random bytes to both partitions of `t`.
    private void write(int count) throws Exception {
        List<CompletableFuture<AppendOutcome>> sent = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] value = new byte[VALUE_BYTES / 2];
            random.nextBytes(value);
            sent.add(cluster.lead()
                    .append(AppendRequest.of(
                            "t", i % 2, records(java.util.HexFormat.of().formatHex(value)))));
            if (sent.size() == 16) {
                settle(sent);
            }
        }
        settle(sent);
    }

    private static void settle(List<CompletableFuture<AppendOutcome>> sent) throws Exception {
        for (CompletableFuture<AppendOutcome> append : sent) {
            assertThat(get(append)).isInstanceOf(AppendOutcome.Appended.class);
        }
        sent.clear();
    }

    private void createTopic() throws Exception {
        assertThat(get(cluster.lead().createTopic("t", Nodes.partitions(2)))).isInstanceOf(TopicOutcome.Done.class);
    }

    /// Makes all nodes that run forget what they have applied.
    private void forgetTheLog() {
        for (Map.Entry<String, ReplicatedLog> node : cluster.nodes().entrySet()) {
            assertThat(GroupLogs.takeSnapshot(node.getValue()))
                    .as(node.getKey())
                    .isTrue();
        }
    }

    /// Stops a follower, and lets the others go on without it until their logs begin behind its end.
    private String leaveBehind(int recordsBefore, int recordsMissed) throws Exception {
        createTopic();
        write(recordsBefore);
        String behind = cluster.follower();
        awaitEqual();
        cluster.close(behind);
        write(recordsMissed);
        forgetTheLog();
        return behind;
    }

    private void awaitEqual() {
        ReplicatedLog leader = cluster.lead();
        cluster.nodes()
                .forEach((id, node) -> Nodes.await(id + " has everything", () -> {
                    try {
                        return node.topic("t").isPresent()
                                && values(node.partition("t", 0)).equals(values(leader.partition("t", 0)))
                                && values(node.partition("t", 1)).equals(values(leader.partition("t", 1)));
                    } catch (IOException | java.io.UncheckedIOException e) {
                        return false; // in the middle of a swap
                    }
                }));
    }

    /// Segment files by name below the folder of partition logs, wherever that is now.
    private Map<String, byte[]> segments(String id) throws IOException {
        Path logs;
        try (Stream<Path> folders = Files.list(cluster.folder(id))) {
            logs = folders.filter(path -> path.getFileName().toString().matches("logs(-\\d+)?"))
                    .reduce((a, b) -> {
                        throw new AssertionError("two states: " + a + ", " + b);
                    })
                    .orElseThrow();
        }
        Map<String, byte[]> segments = new TreeMap<>();
        try (Stream<Path> files = Files.walk(logs)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".log")).toList()) {
                segments.put(logs.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return segments;
    }

    private void assertSameFiles(String id) throws IOException {
        Nodes.await("the old state is aside", () -> transfers(id).isEmpty());
        Map<String, byte[]> expected = segments(cluster.leader());
        Map<String, byte[]> found = segments(id);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, bytes) -> assertThat(found.get(name)).as(name).isEqualTo(bytes));
    }

    private List<ClusterView.Transfer> transfers(String id) {
        return cluster.node(id).cluster().view().transfers();
    }

    private double metric(String id, String name) {
        return Objects.requireNonNull(cluster.node(id).metrics().get(name), name);
    }

    @Test
    void aFollowerBehindTheLogIsRebuiltFromACopyAndGoesOn() throws Exception {
        cluster.form(3);
        String behind = leaveBehind(200, 400);

        cluster.reopen(behind);
        awaitEqual();

        assertThat(metric(behind, "replication_rebuilds_total")).isGreaterThanOrEqualTo(1);
        // the sealed segments that it had did not travel
        assertThat(metric(behind, "replication_rebuild_fetched_bytes_total")).isLessThan(500.0 * VALUE_BYTES);
        assertSameFiles(behind);
        write(50);
        awaitEqual();
        assertSameFiles(behind);
        assertThat(cluster.node(behind).health().problems()).isEmpty();
        try (Stream<Path> files = Files.list(cluster.folder(behind))) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .filteredOn(name -> name.startsWith("aside-"))
                    .hasSize(1);
        }

        // and it is a state like any other: it starts again, and others can be rebuilt from it
        cluster.close(behind);
        cluster.reopen(behind);
        awaitEqual();
        assertThat(metric(behind, "replication_rebuilds_total")).isZero();
    }
}
