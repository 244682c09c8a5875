package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogSettings;
import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
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
        cluster.adjust = settings -> adjusted(settings, 64 << 10);
    }

    private static ReplicationSettings adjusted(ReplicationSettings settings, int segmentBytes) {
        return new ReplicationSettings(
                settings.self(),
                settings.members(),
                settings.dataFolder(),
                1,
                new LogSettings(segmentBytes, 4096),
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

    /// Appends records of random bytes to both partitions of `t`. What an election swallows is sent again, so
    /// there may be more of them.
    private void write(int count) throws Exception {
        List<CompletableFuture<AppendOutcome>> sent = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sent.add(send(i % 2));
            if (sent.size() == 16) {
                settle(sent);
            }
        }
        settle(sent);
    }

    private CompletableFuture<AppendOutcome> send(int partition) {
        byte[] value = new byte[VALUE_BYTES / 2];
        random.nextBytes(value);
        return cluster.lead()
                .append(AppendRequest.of(
                        "t", partition, records(java.util.HexFormat.of().formatHex(value))));
    }

    private void settle(List<CompletableFuture<AppendOutcome>> sent) throws Exception {
        for (int i = 0; i < sent.size(); i++) {
            if (!isAppended(sent.get(i))) {
                int partition = i % 2;
                Nodes.await("a record is appended", () -> isAppended(send(partition)));
            }
        }
        sent.clear();
    }

    /// Whether it is; not when there was an election.
    private static boolean isAppended(CompletableFuture<AppendOutcome> append) throws Exception {
        try {
            AppendOutcome outcome = get(append);
            assertThat(outcome).isInstanceOfAny(AppendOutcome.Appended.class, AppendOutcome.NotLeader.class);
            return outcome instanceof AppendOutcome.Appended;
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(OutcomeUnknownException.class);
            return false;
        }
    }

    private void createTopic() throws Exception {
        Nodes.await(
                "the topic is made",
                () -> get(cluster.lead().createTopic("t", Nodes.partitions(2))) instanceof TopicOutcome.Done);
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
                // in the middle of a swap it throws
                .forEach((id, node) -> Nodes.await(
                        id + " has everything",
                        () -> node.topic("t").isPresent()
                                && values(node.partition("t", 0)).equals(values(leader.partition("t", 0)))
                                && values(node.partition("t", 1)).equals(values(leader.partition("t", 1)))));
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

    @Test
    void aFollowerWhoseEndIsWhereTheLeadersLogBeginsIsRebuiltAsWell() throws Exception {
        cluster.form(3);
        createTopic();
        write(20);
        String behind = cluster.follower();
        awaitEqual();
        // its state reaches to the end of its log, and a new term begins a new file right behind that
        assertThat(GroupLogs.takeSnapshot(cluster.node(behind))).isTrue();
        cluster.close(behind);
        String next = cluster.follower();
        assertThat(cluster.change(leader -> leader.transferLeadership(0, Optional.of(next))))
                .isInstanceOf(MembershipOutcome.Done.class);
        for (int i = 0; i < 10; i++) {
            write(1); // each an entry: more than are kept
        }
        forgetTheLog();

        cluster.reopen(behind);
        awaitEqual();
        assertThat(metric(behind, "replication_rebuilds_total"))
                .as("otherwise this tested nothing")
                .isGreaterThanOrEqualTo(1);
        write(10);
        awaitEqual();
    }

    /// Passes reads on, after it has been told of each.
    private record Watched(ReplicaCopy copy, Meddler meddler) implements ReplicaCopy {
        interface Meddler {
            void before(String name, long from, long length) throws IOException;
        }

        @Override
        public String id() {
            return copy.id();
        }

        @Override
        public long term() {
            return copy.term();
        }

        @Override
        public long index() {
            return copy.index();
        }

        @Override
        public byte[] manifest() {
            return copy.manifest();
        }

        @Override
        public List<FileFact> files() {
            return copy.files();
        }

        @Override
        public void read(String name, long from, long length, OutputStream to) throws IOException {
            meddler.before(name, from, length);
            copy.read(name, from, length, to);
        }

        @Override
        public void close() {
            copy.close();
        }
    }

    @Test
    void aRestartInTheMiddleOfACopyFetchesTheRestOnly() throws Exception {
        AtomicInteger reads = new AtomicInteger();
        CountDownLatch someArrived = new CountDownLatch(1);
        AtomicLong readsMax = new AtomicLong(8);
        cluster.peers = (member, group) -> new Watched(cluster.openCopy(member, group), (name, from, length) -> {
            if (reads.incrementAndGet() > readsMax.get()) {
                someArrived.countDown();
                throw new IOException("connection reset");
            }
        });
        cluster.form(3);
        String behind = leaveBehind(20, 600);
        cluster.reopen(behind);
        assertThat(someArrived.await(Nodes.PATIENCE_S, TimeUnit.SECONDS)).isTrue();
        Nodes.await(
                "the failure is told",
                () -> cluster.node(behind).health().problems().stream()
                        .anyMatch(problem -> problem.contains("connection reset")));
        assertThat(cluster.node(behind).health().ready()).isFalse();
        double before = metric(behind, "replication_rebuild_fetched_bytes_total");
        assertThat(before).isPositive();
        cluster.kill(behind);

        readsMax.set(Long.MAX_VALUE);
        cluster.reopen(behind);
        awaitEqual();
        assertSameFiles(behind);
        double all = segments(behind).values().stream()
                .mapToLong(bytes -> bytes.length)
                .sum();
        assertThat(metric(behind, "replication_rebuild_fetched_bytes_total")).isLessThanOrEqualTo(all - before * 0.8);
    }

    @Test
    void theLeaderMayChangeDuringACopy() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        cluster.peers = (member, group) -> new Watched(cluster.openCopy(member, group), (name, from, length) -> {
            begun.countDown();
            try {
                if (!goOn.await(Nodes.PATIENCE_S, TimeUnit.SECONDS)) {
                    throw new IOException("nobody let the copy go on");
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        });
        cluster.form(3);
        String behind = leaveBehind(20, 400);
        cluster.reopen(behind);
        assertThat(begun.await(Nodes.PATIENCE_S, TimeUnit.SECONDS)).isTrue();
        assertThat(transfers(behind)).singleElement().satisfies(transfer -> {
            assertThat(transfer.what()).isEqualTo("rebuild");
            assertThat(transfer.bytesTotal()).isPositive();
        });
        String first = cluster.leader();
        assertThat(cluster.change(leader -> leader.transferLeadership(0, Optional.empty())))
                .isInstanceOf(MembershipOutcome.Done.class);
        Nodes.await(
                "another leader",
                () -> cluster.leading().filter(id -> !id.equals(first)).isPresent());
        write(50);
        goOn.countDown();
        awaitEqual();
        assertSameFiles(behind);
    }

    /// A node that comes back without its disk needs a copy of everything. What the leader shows of that is
    /// what it has given away, not nothing until the end.
    @Test
    void theLeaderShowsHowMuchItHasGivenAway() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicReference<String> wiped = new AtomicReference<>("");
        cluster.peers = (member, group) -> {
            AtomicInteger reads = new AtomicInteger();
            ReplicaCopy copy = cluster.node(member.nodeId()).copies().open(group, String.valueOf(wiped.get()));
            return new Watched(copy, (name, from, length) -> {
                try {
                    if (reads.incrementAndGet() > 1 && !goOn.await(Nodes.PATIENCE_S, TimeUnit.SECONDS)) {
                        throw new IOException("nobody let the copy go on");
                    }
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            });
        };
        cluster.form(3);
        String behind = leaveBehind(20, 400);
        wiped.set(behind);
        try (Stream<Path> files = Files.walk(cluster.folder(behind))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
        Member anew = cluster.define(behind);
        cluster.open(behind, List.of());
        FutureTask<MembershipOutcome> replaced = new FutureTask<>(() -> cluster.change(it -> it.add(anew)));
        Thread.ofVirtual().start(replaced);
        Nodes.await(
                "the leader shows what it has given",
                () -> cluster.nodes().keySet().stream()
                        .filter(id -> !id.equals(behind))
                        .flatMap(id -> transfers(id).stream())
                        .anyMatch(transfer -> transfer.nodeId().equals(behind)
                                && transfer.what().equals("replace")
                                && transfer.bytesDone() > 0
                                && transfer.bytesDone() < transfer.bytesTotal()));
        goOn.countDown();
        assertThat(replaced.get(90, TimeUnit.SECONDS)).isInstanceOf(MembershipOutcome.Done.class);
        awaitEqual();
        assertSameFiles(behind);
        for (String id : cluster.nodes().keySet()) {
            Nodes.await(id + " shows nothing any more", () -> transfers(id).isEmpty());
        }
    }

    @Test
    void theOneWhoGivesTheCopyMayDie() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicInteger opened = new AtomicInteger();
        cluster.peers = (member, group) -> {
            boolean first = opened.incrementAndGet() == 1;
            return new Watched(cluster.openCopy(member, group), (name, from, length) -> {
                if (first) {
                    begun.countDown();
                    throw new IOException("connection reset: the peer is dying");
                }
            });
        };
        cluster.form(5);
        String behind = leaveBehind(20, 400);
        cluster.reopen(behind);
        assertThat(begun.await(Nodes.PATIENCE_S, TimeUnit.SECONDS)).isTrue();
        cluster.kill(cluster.leader());
        write(50);
        awaitEqual();
        assertSameFiles(behind);
    }

    @Test
    void writesGoOnDuringACopyAndTheSpeedIsPrinted() throws Exception {
        cluster.adjust = settings -> adjusted(settings, 4 << 20);
        cluster.form(3);
        String behind = leaveBehind(10, 4_000);
        cluster.reopen(behind);
        while (metric(behind, "replication_rebuilds_total") == 0) {
            write(16);
        }
        double megabytes = metric(behind, "replication_rebuild_fetched_bytes_total") / 1e6;
        double seconds = metric(behind, "replication_rebuild_seconds_last");
        System.out.printf("copied %.1f MB in %.2f s: %.0f MB/s%n", megabytes, seconds, megabytes / seconds);
        awaitEqual();
        assertSameFiles(behind);
    }

    // ---- damage

    private void flip(Path file, long at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 4;
        Files.write(file, bytes);
    }

    private Path find(String id, String nameRegex) throws IOException {
        try (Stream<Path> files = Files.walk(cluster.folder(id))) {
            return files.filter(file -> file.getFileName().toString().matches(nameRegex))
                    .filter(file -> !nameRegex.contains("log") || file.toFile().length() > 2_000)
                    .min(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    /// What a node does when its folder is damaged.
    private void setAsideAndJoin(String id) throws Exception {
        Path aside = ReplicatedLogs.setAside(cluster.folder(id), new LocalDisk());
        assertThat(aside.getParent()).isEqualTo(cluster.folder(id));
        try (Stream<Path> left = Files.list(cluster.folder(id))) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("lock", aside.getFileName().toString());
        }
        assertThat(aside.resolve("raft")).isDirectory();
        assertThat(aside.resolve("manifest-0")).exists();
        String before = cluster.member(id).directoryId();
        Member fresh = cluster.define(id);
        assertThat(fresh.directoryId()).isNotEqualTo(before);
        cluster.open(id, List.of());
        assertThat(cluster.change(leader -> leader.add(fresh))).isInstanceOf(MembershipOutcome.Done.class);
    }

    @Test
    void aDamagedFolderIsRefusedAndItsNodeComesBackAsANewOne() throws Exception {
        cluster.form(3);
        createTopic();
        write(400);
        forgetTheLog();
        write(150); // two raft segments at least that no snapshot covers
        awaitEqual();
        String victim = cluster.follower();
        List<String> kinds =
                List.of("log_inprogress_\\d+", "log_\\d+-\\d+", "manifest-0", "node.properties", "\\d{20}\\.log");
        for (String kind : kinds) {
            writeSmallEntries(victim);
            if (kind.endsWith("log")) {
                // what is behind the manifest comes again from the raft log, so damage there is no damage
                assertThat(GroupLogs.takeSnapshot(cluster.node(victim))).isTrue();
            }
            cluster.kill(victim);
            Path file = kind.endsWith("log") ? openPartitionSegment(victim) : find(victim, kind);
            flip(file, placeToHurt(kind, file));
            assertThatThrownBy(() -> cluster.reopen(victim))
                    .as(kind)
                    .isInstanceOf(DamagedReplicaException.class)
                    .hasMessageContaining(file.getFileName().toString());
            setAsideAndJoin(victim);
            write(60);
            awaitEqual();
            assertSameFiles(victim);
            try (Stream<Path> files = Files.list(cluster.folder(victim))) {
                assertThat(files.filter(path -> path.getFileName().toString().startsWith("aside-")))
                        .as("one generation")
                        .hasSize(1);
            }
            forgetTheLog();
            write(60);
            awaitEqual();
        }
    }

    private static long placeToHurt(String kind, Path file) throws IOException {
        if (kind.startsWith("node")) {
            return 20;
        }
        // in an open raft segment: an entry with others behind it, for the last one might be torn
        return kind.startsWith("log_in") ? contentBytes(file) - 6_000 : Files.size(file) / 2;
    }

    /// Until the open raft segment has several entries of one record each.
    private void writeSmallEntries(String id) throws Exception {
        do {
            for (int i = 0; i < 5; i++) {
                write(1);
            }
            awaitEqual();
        } while (contentBytes(find(id, "log_inprogress_\\d+")) < 9_000);
    }

    private static long contentBytes(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /// The one in which the manifest says that the log ends.
    private Path openPartitionSegment(String id) throws IOException {
        try (Stream<Path> files = Files.walk(cluster.folder(id))) {
            return files.filter(file -> file.toString().matches(".*/logs(-\\d+)?/t-1/0/\\d{20}\\.log"))
                    .filter(file -> file.toFile().length() > 0)
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    @Test
    void aDamagedIndexIsRebuiltWithoutMuchAdo() throws Exception {
        cluster.form(3);
        createTopic();
        write(200);
        forgetTheLog();
        String victim = cluster.follower();
        awaitEqual();
        cluster.close(victim);
        Path index;
        try (Stream<Path> files = Files.walk(cluster.folder(victim))) {
            index = files.filter(file -> file.toString().endsWith(".index"))
                    .findFirst()
                    .orElseThrow();
        }
        flip(index, 50);
        cluster.reopen(victim);
        write(20);
        awaitEqual();
        assertSameFiles(victim);
    }

    @Test
    void rotThatAScrubOrAReaderFindsIsReportedAndNotServed() throws Exception {
        cluster.form(3);
        createTopic();
        write(200);
        awaitEqual();
        forgetTheLog();
        List<String> told = new CopyOnWriteArrayList<>();
        for (String way : List.of("scrub", "reader")) {
            String victim = cluster.follower();
            ReplicatedLog node = cluster.node(victim);
            told.clear();
            AutoCloseable listening = node.onDamage(told::add);
            assertThat(GroupLogs.scrub(node)).isZero();
            assertThat(told).isEmpty();
            Path sealed = find(victim, "\\d{20}\\.log");
            flip(sealed, 5_000);
            if (way.equals("scrub")) {
                assertThat(GroupLogs.scrub(node)).isEqualTo(1);
            }
            assertThatThrownBy(() -> values(node.partition("t", 0)))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining(sealed.toString());
            Nodes.await("the damage is told, once", () -> told.size() == 1);
            assertThat(told.getFirst()).contains(sealed.toString());
            assertThat(node.health().problems()).anyMatch(problem -> problem.contains(sealed.toString()));
            assertThat(metric(victim, "replication_damaged")).isEqualTo(1);
            assertThatThrownBy(() -> node.copies().open(0)).hasMessageContaining("not fit to be copied");
            listening.close();

            cluster.kill(victim);
            setAsideAndJoin(victim);
            awaitEqual();
            assertThat(metric(victim, "replication_damaged")).isZero();
        }
    }
}
