package io.millrace.replication;

import static io.millrace.replication.Nodes.append;
import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.offset;
import static io.millrace.replication.Nodes.partitions;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real nodes that stop in different ways and start again.
class RestartTest {
    @TempDir
    Path root;

    private Path folder = Path.of("");
    private final List<Thread> closing = new ArrayList<>();

    @BeforeEach
    void chooseFolder() {
        folder = root.resolve("node");
    }

    private static AppendRequest keyed(String key, String value) {
        return new AppendRequest("t", 0, records(value), Acknowledgement.QUORUM, key, 1, -1, null);
    }

    @AfterEach
    void waitForTheCrashed() throws InterruptedException {
        for (Thread thread : closing) {
            thread.join();
        }
    }

    /// Goes on with a copy of the files as they are now, as after a kill; the old node is closed aside, which
    /// takes a second.
    private void crash(ReplicatedLog log) throws IOException {
        Path copy = root.resolve("crash " + closing.size());
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(folder.relativize(file)));
            }
        }
        Thread thread = new Thread(() -> GroupLogs.abandon(log));
        thread.start();
        closing.add(thread);
        folder = copy;
    }

    /// Everything that is replicated, in a form that can be compared.
    private static List<Object> state(ReplicatedLog log) throws IOException {
        List<Object> state = new ArrayList<>();
        for (Topic topic : log.topics()) {
            state.add(topic);
            for (int partition = 0; partition < topic.partitions(); partition++) {
                state.add(values(log.partition(topic.name(), partition)));
                state.add(log.partition(topic.name(), partition).earliestOffset());
                state.add(log.partition(topic.name(), partition).nextOffset());
            }
        }
        state.add(log.groups());
        log.documents("")
                .forEach((key, document) -> state.add(key + new String(document.value()) + document.version()));
        return state;
    }

    private static void fill(ReplicatedLog log) throws Exception {
        get(log.createTopic("t", partitions(3)));
        get(log.createTopic("gone", partitions(1)));
        append(log, "gone", 0, "x");
        for (int i = 0; i < 300; i++) {
            append(log, "t", i % 3, "value %d %s".formatted(i, "x".repeat(i)));
        }
        offset(get(log.append(keyed("key", "keyed"))));
        get(log.commit("t", "g", 0, 7));
        get(log.putDocument("d", new byte[] {65}, -1));
        get(log.fence("q", 3));
        offset(get(log.append(new AppendRequest(
                "t",
                1,
                records("stamped"),
                Acknowledgement.QUORUM,
                null,
                0,
                -1,
                new OutputStamp("q", 3, 5, new byte[] {1}, 9)))));
        get(log.deleteBefore("t", 2, 20));
        get(log.deleteTopic("gone"));
        get(log.createTopic("gone", partitions(1)));
        append(log, "gone", 0, "y");
    }

    private void checkAfterRestart(List<Object> before) throws Exception {
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(state(log)).isEqualTo(before);
            assertThat(get(log.append(keyed("key", "keyed")))).isInstanceOf(AppendOutcome.Duplicate.class);
            assertThat(get(log.append(new AppendRequest(
                            "t",
                            1,
                            records("zombie"),
                            Acknowledgement.QUORUM,
                            null,
                            0,
                            -1,
                            new OutputStamp("q", 2, 6, new byte[0], 0)))))
                    .isEqualTo(new AppendOutcome.Fenced(3));
            assertThat(log.committed("t", "g", 0)).isEqualTo(OptionalLong.of(7));
            assertThat(log.stamps("q", "t").get(1))
                    .isNotNull()
                    .satisfies(stamp -> assertThat(stamp.step()).isEqualTo(5));
            long next = log.partition("t", 0).nextOffset();
            assertThat(offset(append(log, "t", 0, "later"))).isEqualTo(next);
        }
    }

    @Test
    void aCleanStopKeepsEverything() throws Exception {
        List<Object> before;
        try (ReplicatedLog log = Nodes.open(folder)) {
            fill(log);
            before = state(log);
        }
        checkAfterRestart(before);
    }

    @Test
    void aStopWithoutASnapshotKeepsEverything() throws Exception {
        ReplicatedLog log = Nodes.open(folder);
        fill(log);
        List<Object> before = state(log);
        crash(log);
        checkAfterRestart(before);
    }

    @Test
    void aStopBetweenSnapshotsKeepsEverything() throws Exception {
        ReplicatedLog log = Nodes.open(folder);
        get(log.createTopic("early", partitions(1)));
        append(log, "early", 0, "before the first snapshot");
        assertThat(GroupLogs.takeSnapshot(log)).isTrue();
        fill(log);
        assertThat(GroupLogs.takeSnapshot(log)).isTrue();
        append(log, "t", 0, "behind the second snapshot");
        get(log.deleteBefore("early", 0, 1));
        List<Object> before = state(log);
        crash(log);
        checkAfterRestart(before);
    }

    @Test
    void replayAfterASnapshotWasLostBehindAppendsAddsNothingTwice() throws Exception {
        ReplicatedLog log = Nodes.open(folder);
        fill(log);
        List<Object> before = state(log);
        for (int round = 0; round < 3; round++) { // each start replays all, each stop forgets it
            crash(log);
            log = Nodes.open(folder);
            assertThat(state(log)).isEqualTo(before);
        }
        log.close();
    }

    @Test
    void aSnapshotLetsTheRaftLogShrinkAndTheFilesOfDeletedTopicsGo() throws Exception {
        String value = "x".repeat(1 << 20);
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("t", partitions(1)));
            get(log.createTopic("gone", partitions(1)));
            append(log, "gone", 0, "x");
            Path files = folder.resolve("logs").resolve("gone-2");
            assertThat(files).isDirectory();
            for (int i = 0; i < 150; i++) {
                offset(append(log, "t", 0, value));
            }
            get(log.deleteTopic("gone"));
            assertThat(files).isDirectory();
            long before = raftBytes();
            assertThat(before).isGreaterThan(140L << 20);

            assertThat(GroupLogs.takeSnapshot(log)).isTrue();

            assertThat(files).doesNotExist();
            Nodes.await("the purge", () -> raftBytes() < before - (60L << 20));
            append(log, "t", 0, "later");
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(log.partition("t", 0).nextOffset()).isEqualTo(151);
            assertThat(log.health().ready()).isTrue();
        }
    }

    private long raftBytes() {
        try (Stream<Path> files = Files.walk(folder.resolve("raft"))) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException | java.io.UncheckedIOException e) {
            return Long.MAX_VALUE; // a file went away meanwhile
        }
    }

    private Path openSegment() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("raft"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("log_inprogress_"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static int endOfContent(byte[] bytes) {
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    private List<Object> writeAndAbandon() throws Exception {
        ReplicatedLog log = Nodes.open(folder);
        get(log.createTopic("t", partitions(1)));
        for (int i = 0; i < 20; i++) {
            append(log, "t", 0, "value " + i);
        }
        List<Object> before = state(log);
        crash(log);
        return before;
    }

    @Test
    void aTornRaftTailIsCutOff() throws Exception {
        List<Object> before = writeAndAbandon();
        // what a kill in the middle of the next write leaves: a head without its end, then zeros
        byte[] bytes = Files.readAllBytes(openSegment());
        int end = endOfContent(bytes);
        try (RandomAccessFile file = new RandomAccessFile(openSegment().toFile(), "rw")) {
            file.setLength(Math.max(bytes.length, end + 4096));
            file.seek(end);
            file.write(bytes, end - 60, 50);
            file.setLength(Math.max(bytes.length, end + 4096));
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(state(log)).isEqualTo(before);
            assertThat(offset(append(log, "t", 0, "later"))).isEqualTo(20);
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            assertThat(log.partition("t", 0).nextOffset()).isEqualTo(21);
        }
    }

    @Test
    void aFlippedByteInTheMiddleOfTheRaftLogIsRefused() throws Exception {
        writeAndAbandon();
        Path segment = openSegment();
        byte[] bytes = Files.readAllBytes(segment);
        bytes[endOfContent(bytes) / 2] ^= 1;
        Files.write(segment, bytes);
        assertThatThrownBy(() -> Nodes.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(segment.getFileName().toString())
                .hasMessageContaining("corrupt at byte");
        assertThat(Files.readAllBytes(segment)).isEqualTo(bytes); // nothing was cut
    }

    @Test
    void aFlippedByteInAClosedSegmentOfTheRaftLogIsRefused() throws Exception {
        writeAndAbandon();
        crash(Nodes.open(folder)); // a new term closes the segment of the old one
        Path segment;
        try (Stream<Path> files = Files.walk(folder.resolve("raft"))) {
            segment = files.filter(file -> file.getFileName().toString().matches("log_\\d+-\\d+"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        bytes[endOfContent(bytes) / 2] ^= 1;
        Files.write(segment, bytes);
        assertThatThrownBy(() -> Nodes.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(segment + " is corrupt at byte");
    }

    @Test
    void aDamagedManifestIsRefused() throws Exception {
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("t", partitions(1)));
        }
        Path manifest = folder.resolve("manifest-0");
        byte[] bytes = Files.readAllBytes(manifest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(manifest, bytes);
        assertThatThrownBy(() -> Nodes.open(folder)).hasMessageContaining("manifest-0 is corrupt");
    }

    @Test
    void aPartitionLogShorterThanTheManifestIsRefused() throws Exception {
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("t", partitions(1)));
            append(log, "t", 0, "a", "b");
        }
        Path segment = folder.resolve("logs/t-1/0/00000000000000000000.log");
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        assertThatThrownBy(() -> Nodes.open(folder)).isInstanceOf(IOException.class);
    }

    @Test
    void theRaftPortMayBeAnotherOneAtEveryStart() throws Exception {
        for (int round = 0; round < 3; round++) {
            try (ReplicatedLog log = Nodes.open(folder)) { // port 0: whatever is free
                get(log.createTopic("t", partitions(1)));
                assertThat(offset(append(log, "t", 0, "round " + round))).isEqualTo(round);
            }
        }
    }

    @Test
    void aPortInUseIsAnErrorAndNotTheEndOfTheProcess() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ReplicationSettings settings = ReplicationSettings.singleNode(folder, taken.getLocalPort());
            assertThatThrownBy(() -> ReplicatedLogs.open(settings, new LocalDisk(), InstantSource.system()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1")
                    .hasMessageContaining(String.valueOf(taken.getLocalPort()));
        }
        try (ReplicatedLog log = Nodes.open(folder)) {
            get(log.createTopic("t", partitions(1)));
            assertThat(offset(append(log, "t", 0, "a"))).isZero();
        }
    }
}
