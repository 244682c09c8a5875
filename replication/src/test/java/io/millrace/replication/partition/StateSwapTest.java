package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogSettings;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.DiskImage;
import io.millrace.log.disk.LocalDisk;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.replication.CopyRates;
import io.millrace.replication.Member;
import io.millrace.replication.Nodes;
import io.millrace.replication.ReplicaCopies;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicaPeers;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.snapshot.ServedCopies;
import io.millrace.replication.snapshot.Throttle;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A state machine becomes a copy of another one, on simulated disks: crashes at every operation, full disks,
/// broken connections, damage on either side, and people who go on reading.
class StateSwapTest {
    private static final Path FOLDER = Path.of("/data");
    private static final GroupPeers.Peer LEADER = new GroupPeers.Peer("leader@1", "h:1", "http://h:2");

    private static final class Told implements GroupState.Listener {
        final List<TopicPartition> appended = new ArrayList<>();
        final List<CorruptLogException> damaged = new ArrayList<>();
        int metadataChanges;

        @Override
        public void appended(TopicPartition partition) {
            appended.add(partition);
        }

        @Override
        public void metadataChanged() {
            metadataChanges++;
        }

        @Override
        public void logFailed(String what, Throwable cause) {
            throw new AssertionError(what, cause);
        }

        @Override
        public void damaged(CorruptLogException found) {
            damaged.add(found);
        }
    }

    private static ReplicationSettings settings() {
        ReplicationSettings node = Nodes.settings(FOLDER);
        return new ReplicationSettings(
                node.self(),
                node.members(),
                FOLDER,
                1,
                new LogSettings(2_000, 256),
                node.entryBytesMax(),
                node.pendingBytesMax(),
                node.snapshotBytes(),
                node.snapshotInterval(),
                0,
                node.idempotencyWindow(),
                20,
                node.requestTimeout());
    }

    /// The leader's history: what both have applied, and what only the leader has.
    private final List<byte[]> history = new ArrayList<>();

    private final SimulatedDisk leaderDisk = new SimulatedDisk(7);
    private GroupState leader = open(leaderDisk, new Told());
    private ServedCopies copies = served(leader, leaderDisk, new AtomicLong());

    private static GroupState open(SimulatedDisk disk, GroupState.Listener listener) {
        try {
            return GroupState.open(disk, settings(), 0, listener);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static ServedCopies served(GroupState state, SimulatedDisk disk, AtomicLong nanos) {
        return new ServedCopies(0, disk, source(state), nanos::get);
    }

    private static ServedCopies.Source source(GroupState state) {
        return new ServedCopies.Source() {
            @Override
            public void refresh() throws IOException {
                state.takeSnapshot();
            }

            @Override
            public ServedCopies.Pinned pin() throws IOException {
                return state.pin();
            }

            @Override
            public void unpin() {
                state.unpin();
            }
        };
    }

    private static void apply(GroupState state, List<byte[]> entries) throws IOException {
        while (state.index() + 1 < entries.size()) {
            int next = (int) state.index() + 1;
            state.apply(next, 1 + next / 10, ByteBuffer.wrap(entries.get(next)));
        }
    }

    private void add(Entries entry) {
        history.add(entry.finish(10_000 + history.size()));
    }

    private void append(long topic, int partition, String value, long key) {
        add(new Entries().append(topic, partition, Nodes.records(value), key, 1, -1, null));
    }

    /// A log that the follower shares, then one that it misses, with everything that a state can hold.
    @BeforeEach
    void makeHistory() throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        add(new Entries().create("kept", Nodes.partitions(2)));
        add(new Entries().create("gone", Nodes.partitions(1)));
        for (int i = 0; i < 20; i++) {
            append(1, i % 2, "kept " + i + "x".repeat(random.nextInt(400)), i + 1);
            append(2, 0, "gone " + i, 0);
        }
        add(new Entries().put("document", new byte[] {1}, -1));
        followerHas = history.size();
        add(new Entries().delete("gone"));
        add(new Entries().create("new", Nodes.partitions(1)));
        for (int i = 20; i < 40; i++) {
            append(1, i % 2, "kept " + i + "x".repeat(random.nextInt(400)), i + 1);
            append(3, 0, "new " + i, 0);
        }
        add(new Entries().put("document", new byte[] {2}, -1));
        add(new Entries().commit(1, 0, 5, "readers"));
        add(new Entries().fence("query", 4));
        add(new Entries().raiseEarliest(1, 1, 3));
        apply(leader, history);
    }

    private int followerHas;

    /// A node of the simulation, and how it gets its copies.
    private final class Follower {
        final SimulatedDisk disk;
        final Told told = new Told();
        final GroupState state;
        final Rebuild rebuild;

        Follower(SimulatedDisk disk, ReplicaPeers peers) {
            this.disk = disk;
            this.state = open(disk, told);
            this.rebuild = new Rebuild(
                    0,
                    state,
                    disk,
                    peers,
                    peer -> new Member(Member.nodeIdOf(peer.peerId()), "1", peer.raftAddress(), peer.httpAddress()),
                    "follower",
                    CopyRates.DEFAULT,
                    20,
                    () -> {});
            state.fetchFrom(rebuild);
        }

        Follower(SimulatedDisk disk) {
            this(disk, (member, group) -> copies.open(group));
        }

        CompletableFuture<Optional<StateMachine.LogPoint>> fetch() {
            CompletableFuture<Optional<StateMachine.LogPoint>> answer = state.fetchCopy(LEADER, history.size() - 5L);
            rebuild.step();
            return answer;
        }

        void swap() throws IOException {
            assertThat(fetch()).isCompleted();
            state.adoptCopy();
            rebuild.step();
        }
    }

    /// With a manifest in the middle and entries behind it.
    private SimulatedDisk followerDisk(long seed) throws IOException {
        SimulatedDisk disk = new SimulatedDisk(seed);
        GroupState state = open(disk, new Told());
        apply(state, history.subList(0, followerHas / 2));
        state.takeSnapshot();
        apply(state, history.subList(0, followerHas));
        state.close();
        return disk;
    }

    private static PartitionLog log(GroupState state, long topicId, int partition) {
        return Objects.requireNonNull(state.partition(topicId, partition));
    }

    /// Everything that is replicated, in a form that can be compared.
    private static String content(GroupState state) throws IOException {
        StringBuilder content = new StringBuilder();
        content.append(state.index()).append('\n');
        for (Topic topic : state.metadata().topics()) {
            content.append(topic).append('\n');
            for (int partition = 0; partition < topic.partitions(); partition++) {
                PartitionLog log = log(state, topic.id(), partition);
                content.append(log.earliestOffset())
                        .append(' ')
                        .append(Nodes.values(log))
                        .append('\n');
            }
        }
        content.append(state.metadata().groups());
        state.metadata()
                .documents("")
                .forEach((key, document) ->
                        content.append(key).append(document.value()[0]).append(document.version()));
        content.append(state.metadata().generation("query"));
        return content.toString();
    }

    private static Map<String, String> segments(SimulatedDisk disk, String folder) {
        Map<String, String> segments = new TreeMap<>();
        DiskImage image = disk.imageOfCache();
        image.folders()
                .forEach((path, files) -> files.forEach((name, bytes) -> {
                    if (path.startsWith(FOLDER.resolve(folder)) && name.endsWith(".log")) {
                        segments.put(
                                FOLDER.resolve(folder)
                                        .relativize(path.resolve(name))
                                        .toString(),
                                new String(bytes, StandardCharsets.ISO_8859_1));
                    }
                }));
        return segments;
    }

    private void assertIsTheLeadersState(Follower follower) throws IOException {
        assertThat(content(follower.state)).isEqualTo(content(leader));
        assertThat(follower.state.durableIndex()).isEqualTo(leader.index());
        assertThat(segments(follower.disk, follower.state.folder())).isEqualTo(segments(leaderDisk, "logs"));
        assertThat(follower.disk.list(FOLDER))
                .as("one state, at most one generation aside, nothing else")
                .filteredOn(name -> !name.startsWith("aside-"))
                .containsExactlyInAnyOrder("manifest-0", follower.state.folder());
        assertThat(follower.disk.list(FOLDER))
                .filteredOn(name -> name.startsWith("aside-"))
                .hasSizeLessThanOrEqualTo(1);
    }

    @Test
    void theStateIsTheLeadersAndGoesOnAsOne() throws IOException {
        Follower follower = new Follower(followerDisk(1));
        apply(follower.state, history.subList(0, followerHas));
        follower.swap();
        assertIsTheLeadersState(follower);
        assertThat(follower.told.metadataChanges).isPositive();
        assertThat(follower.told.appended).contains(new TopicPartition("new", 0), new TopicPartition("kept", 1));

        append(1, 0, "behind the copy", 0);
        append(1, 0, "asked again, under a key of the past", 3);
        apply(leader, history);
        apply(follower.state, history);
        assertThat(content(follower.state)).isEqualTo(content(leader));

        follower.state.takeSnapshot();
        follower.state.close();
        assertThat(content(open(follower.disk, new Told()))).isEqualTo(content(leader));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whereverThePowerFailsItIsTheOldStateOrTheNewOne(long seed) throws IOException {
        SimulatedDisk probe = followerDisk(seed);
        GroupState old = open(probe, new Told());
        String before = content(old);
        old.close();
        String after = content(leader);
        long first = probe.operations();
        new Follower(probe).swap();
        long last = probe.operations();
        assertThat(last - first).isGreaterThan(30);

        int olds = 0;
        int news = 0;
        for (long crashAt = 1; crashAt <= last - first; crashAt++) {
            SimulatedDisk disk = new SimulatedDisk(seed + crashAt, durable(seed));
            disk.crashAtOperation(crashAt);
            boolean promised = swapUntilTheCrash(disk);
            SimulatedDisk again = disk.crash().disk(seed);
            Follower follower = new Follower(again);
            String found = content(follower.state);
            assertThat(found)
                    .as("seed %d, crash at operation %d", seed, crashAt)
                    .isIn(before, after);
            if (promised) {
                assertThat(found)
                        .as("seed %d, crash at operation %d: the Raft log may be gone", seed, crashAt)
                        .isEqualTo(after);
            }
            if (found.equals(before)) {
                olds++;
                follower.swap();
            } else {
                news++;
            }
            assertIsTheLeadersState(follower);
            copies.closeAll();
        }
        assertThat(olds).as("crashes that left the old state").isPositive();
        assertThat(news).as("crashes that left the new state").isPositive();
    }

    private DiskImage durable(long seed) throws IOException {
        return followerDisk(seed).imageOfDurable();
    }

    /// @return whether the copy was said to be durable
    private boolean swapUntilTheCrash(SimulatedDisk disk) {
        boolean promised = false;
        try {
            Follower follower = new Follower(disk);
            promised = follower.fetch().isDone() && !follower.fetch().isCompletedExceptionally();
            follower.state.adoptCopy();
            follower.rebuild.step();
        } catch (IOException | AssertionError lost) {
            assertThat(lost).hasStackTraceContaining("lost power");
        }
        return promised;
    }

    /// Breaks after so many bytes, once or for ever.
    private final class Broken implements ReplicaPeers {
        long bytesLeft;
        boolean forEver;
        int opened;

        @Override
        public ReplicaCopy open(Member member, int group) throws IOException {
            opened++;
            ReplicaCopy copy = copies.open(group);
            return new ReplicaCopy() {
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
                    if (length > bytesLeft) {
                        copy.read(name, from, bytesLeft, to);
                        bytesLeft = forEver ? 0 : Long.MAX_VALUE;
                        throw new IOException("connection reset");
                    }
                    bytesLeft -= length;
                    copy.read(name, from, length, to);
                }

                @Override
                public void close() {
                    copy.close();
                }
            };
        }
    }

    @Test
    void aBrokenConnectionIsGoneOnWithWhereItBroke() throws IOException {
        Broken peers = new Broken();
        peers.bytesLeft = 3_000;
        Follower follower = new Follower(followerDisk(1), peers);
        follower.swap();
        assertIsTheLeadersState(follower);
        assertThat(peers.opened).isEqualTo(1);
        long bytes = segments(leaderDisk, "logs").values().stream()
                .mapToLong(String::length)
                .sum();
        assertThat(follower.rebuild.bytesFetched()).isLessThanOrEqualTo(bytes);
    }

    @Test
    void whatWasFetchedBeforeARestartIsNotFetchedAgain() throws IOException {
        Broken peers = new Broken();
        peers.bytesLeft = 5_000;
        peers.forEver = true;
        SimulatedDisk disk = followerDisk(1);
        Follower first = new Follower(disk, peers);
        assertThat(first.fetch()).isCompletedExceptionally();
        assertThat(first.rebuild.problem()).contains("connection reset");
        assertThat(first.rebuild.bytesFetched()).isEqualTo(5_000);
        first.state.close();

        Follower second = new Follower(disk);
        second.swap();
        assertIsTheLeadersState(second);
        Follower fromScratch = new Follower(followerDisk(1));
        fromScratch.swap();
        assertThat(second.rebuild.bytesFetched() + 5_000).isEqualTo(fromScratch.rebuild.bytesFetched());
        assertThat(second.rebuild.problem()).isNull();
    }

    @Test
    void aFullDiskStopsTheCopyAndNothingElse() throws IOException {
        SimulatedDisk disk = followerDisk(1);
        Follower follower = new Follower(disk);
        String before = content(follower.state);
        long used = Long.MAX_VALUE - 1;
        disk.limitBytes(used);
        long free = disk.usableBytes(FOLDER);
        for (long room : new long[] {0, 1_000, 4_000, 8_000}) {
            disk.limitBytes(used - free + room);
            assertThat(follower.fetch()).as("room for %d bytes", room).isCompletedExceptionally();
            assertThat(follower.rebuild.problem()).containsAnyOf("are free", "No space left");
            assertThat(content(follower.state)).isEqualTo(before);
        }
        disk.limitBytes(Long.MAX_VALUE);
        follower.swap();
        assertIsTheLeadersState(follower);
    }

    @Test
    void aReaderThatIsOpenGoesOnInTheNewState() throws IOException {
        Follower follower = new Follower(followerDisk(1));
        apply(follower.state, history.subList(0, followerHas));
        PartitionLog held = log(follower.state, 1, 0);
        List<RecordReader> readers = new ArrayList<>();
        List<List<String>> read = new ArrayList<>();
        // one reader for each place at which the swap can meet it
        for (int place = 0; place <= 10; place++) {
            RecordReader reader = held.reader(0);
            List<String> values = new ArrayList<>();
            while (values.size() < place && reader.fill(place, 1)) {
                while (reader.next()) {
                    values.add(value(reader));
                }
            }
            readers.add(reader);
            read.add(values);
        }
        follower.swap();
        List<String> expected = Nodes.values(log(leader, 1, 0));
        for (int place = 0; place <= 10; place++) {
            RecordReader reader = readers.get(place);
            while (reader.fill(Long.MAX_VALUE, 1)) {
                while (reader.next()) {
                    read.get(place).add(value(reader));
                }
            }
            assertThat(read.get(place)).as("reader at offset %d", place).isEqualTo(expected);
        }
        assertThat(held.nextOffset()).isEqualTo(expected.size());
        append(1, 0, "later", 0);
        apply(follower.state, history);
        assertThat(readers.get(3).fill(Long.MAX_VALUE, 1)).isTrue();
        assertThat(readers.get(3).next()).isTrue();
        assertThat(value(readers.get(3))).isEqualTo("later");
    }

    private static String value(RecordReader reader) {
        return new String(reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8);
    }

    @Test
    void aCopyThatTheLogHasOvertakenIsNotAStepBack() throws IOException {
        Follower follower = new Follower(followerDisk(1));
        assertThat(follower.fetch()).isCompleted();
        append(1, 0, "newer than the copy", 0);
        apply(leader, history);
        apply(follower.state, history);
        follower.state.adoptCopy();
        assertThat(follower.state.durableIndex()).isEqualTo(leader.index());
        assertThat(content(follower.state)).isEqualTo(content(leader));
        follower.state.close();
        assertThat(content(open(follower.disk, new Told()))).isEqualTo(content(leader));
    }

    @Test
    void aCopyThatIsReadyServesTheNextLeadersNotice() throws IOException {
        Follower follower = new Follower(followerDisk(1));
        CompletableFuture<Optional<StateMachine.LogPoint>> first =
                follower.state.fetchCopy(LEADER, history.size() - 5L);
        follower.state.leaderChanged();
        assertThat(first).isCompletedExceptionally();
        follower.rebuild.step();
        // nobody asks any more, so nothing was done; the next leader does
        assertThat(follower.fetch()).isCompleted();
        follower.state.leaderChanged();
        assertThat(follower.state.fetchCopy(new GroupPeers.Peer("other@2", "", ""), 3))
                .isCompletedWithValue(Optional.of(new StateMachine.LogPoint(1 + leader.index() / 10, leader.index())));
        follower.state.adoptCopy();
        follower.rebuild.step();
        assertIsTheLeadersState(follower);
    }

    @Test
    void aDamagedLeaderGivesNoCopy() throws IOException {
        leader.takeSnapshot();
        Path segment = leaderDisk.imageOfCache().folders().entrySet().stream()
                .flatMap(folder -> folder.getValue().keySet().stream()
                        .filter(name -> name.endsWith(".log"))
                        .map(folder.getKey()::resolve))
                .findFirst()
                .orElseThrow();
        leaderDisk.flipBit(segment, 8L * 200);
        assertThatThrownBy(() -> copies.open(0))
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining(segment.toString());
        assertThat(copies.count()).isZero();
    }

    @Test
    void bitRotUnderWayIsNoticedByTheOneWhoFetches() throws IOException {
        Follower follower = new Follower(followerDisk(1), (member, group) -> {
            ReplicaCopy copy = copies.open(group);
            leaderDisk.flipBit(
                    FOLDER.resolve(copy.files().getLast().name()),
                    8 * (copy.files().getLast().sizeBytes() / 2));
            return copy;
        });
        assertThat(follower.fetch()).isCompletedExceptionally();
        assertThat(follower.rebuild.problem()).contains("came with checksum");
    }

    @Test
    void retentionWaitsForOpenCopies() throws IOException {
        ReplicaCopy copy = copies.open(0);
        Map<String, String> before = segments(leaderDisk, "logs");
        add(new Entries().raiseEarliest(1, 0, 15));
        add(new Entries().delete("new"));
        apply(leader, history);
        leader.takeSnapshot();
        assertThat(log(leader, 1, 0).earliestOffset()).isEqualTo(15);
        assertThat(segments(leaderDisk, "logs")).isEqualTo(before);
        for (ReplicaCopy.FileFact file : copy.files()) {
            java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
            copy.read(file.name(), 0, file.sizeBytes(), bytes);
            assertThat(bytes.toString(StandardCharsets.ISO_8859_1))
                    .isEqualTo(before.get(file.name().substring("logs/".length())));
        }
        copy.close();
        assertThat(leader.manifestOutdated())
                .as("the next round takes a snapshot")
                .isTrue();
        leader.takeSnapshot();
        assertThat(segments(leaderDisk, "logs").size()).isLessThan(before.size());
        assertThat(segments(leaderDisk, "logs").keySet()).noneMatch(name -> name.startsWith("new-"));
    }

    @Test
    void whatIsGivenAwayIsCountedForTheNodeThatAsks() throws IOException {
        AtomicLong nanos = new AtomicLong();
        ServedCopies counting = served(leader, leaderDisk, nanos);
        counting.open(0).close();
        assertThat(counting.given()).as("for somebody unknown").isEmpty();

        ReplicaCopy copy = counting.open(0, "n7");
        long total =
                copy.files().stream().mapToLong(ReplicaCopy.FileFact::sizeBytes).sum();
        assertThat(total).isPositive();
        assertThat(counting.given()).containsExactly(new ServedCopies.Given("n7", 0, 0, total, true));
        ReplicaCopy.FileFact file = copy.files().getFirst();
        long half = file.sizeBytes() / 2;
        copy.read(file.name(), 0, half, OutputStream.nullOutputStream());
        copy.read(file.name(), half / 2, file.sizeBytes() - half / 2, OutputStream.nullOutputStream());
        assertThat(counting.given())
                .as("what was read twice counts once")
                .containsExactly(new ServedCopies.Given("n7", 0, file.sizeBytes(), total, true));
        for (ReplicaCopy.FileFact other : copy.files().subList(1, copy.files().size())) {
            copy.read(other.name(), 0, other.sizeBytes(), OutputStream.nullOutputStream());
        }
        copy.close();
        assertThat(counting.given()).containsExactly(new ServedCopies.Given("n7", 0, total, total, false));

        nanos.addAndGet(5);
        counting.open(0, "n8");
        ReplicaCopy next = counting.open(0, "n7");
        next.read(file.name(), 1, 1, OutputStream.nullOutputStream());
        assertThat(counting.given())
                .containsExactly(
                        new ServedCopies.Given("n8", 5, 0, total, true),
                        new ServedCopies.Given("n7", 5, 1, total, true));
        counting.closeAll();
    }

    @Test
    void fourCopiesMayBeOpenAndNoneThatNobodyReads() throws IOException {
        AtomicLong nanos = new AtomicLong();
        ReplicaCopies limited = served(leader, leaderDisk, nanos);
        List<ReplicaCopy> open = new ArrayList<>();
        for (int i = 0; i < ServedCopies.COPIES_MAX; i++) {
            open.add(limited.open(0));
        }
        assertThatThrownBy(() -> limited.open(0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("4 copies");
        open.removeLast().close();
        open.add(limited.open(0));

        ReplicaCopy read = open.getFirst();
        ReplicaCopy.FileFact file = read.files().getFirst();
        nanos.addAndGet(ServedCopies.IDLE_NANOS_MAX);
        assertThat(limited.find(open.getLast().id())).isSameAs(open.getLast());
        read.read(file.name(), 0, 1, OutputStream.nullOutputStream());
        nanos.addAndGet(1);
        assertThat(limited.find(read.id())).isSameAs(read);
        assertThatThrownBy(() -> limited.find(open.getLast().id()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no longer");
        assertThatThrownBy(() -> open.getLast().read(file.name(), 0, 1, OutputStream.nullOutputStream()))
                .isInstanceOf(IOException.class);

        long size = file.sizeBytes();
        read.read(file.name(), size - 1, 1, OutputStream.nullOutputStream());
        read.read(file.name(), size, 0, OutputStream.nullOutputStream());
        for (long[] range : new long[][] {{size, 1}, {-1, 1}, {0, size + 1}, {0, -1}}) {
            assertThatThrownBy(() -> read.read(file.name(), range[0], range[1], OutputStream.nullOutputStream()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.name());
        }
        assertThatThrownBy(() -> read.read("logs/../manifest-0", 0, 1, OutputStream.nullOutputStream()))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> limited.open(1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("group 1");
    }

    /// Without a network, at full speed: what the files themselves cost.
    @Test
    void theSpeedOfACopyIsPrinted(@TempDir Path root) throws IOException {
        LocalDisk disk = new LocalDisk();
        ReplicationSettings small = settings();
        ReplicationSettings from = onDisk(small, root.resolve("from"));
        GroupState source = GroupState.open(disk, from, 0, new Told());
        source.apply(
                0,
                1,
                ByteBuffer.wrap(new Entries().create("t", Nodes.partitions(2)).finish(1)));
        byte[] noise = new byte[500_000];
        new SplittableRandom(3).nextBytes(noise);
        String value = HexFormat.of().formatHex(noise);
        for (int i = 1; i <= 64; i++) {
            source.apply(
                    i,
                    1,
                    ByteBuffer.wrap(new Entries()
                            .append(1, i % 2, Nodes.records(value), 0, 0, -1, null)
                            .finish(i)));
        }
        ServedCopies served = new ServedCopies(0, disk, source(source), System::nanoTime);
        GroupState target = GroupState.open(disk, onDisk(small, root.resolve("to")), 0, new Told());
        Rebuild rebuild = new Rebuild(
                0,
                target,
                disk,
                (member, group) -> served.open(group),
                peer -> new Member("leader", "1", "", ""),
                "follower",
                new CopyRates(Long.MAX_VALUE, 1),
                20,
                () -> {});
        target.fetchFrom(rebuild);
        CompletableFuture<Optional<StateMachine.LogPoint>> answer = target.fetchCopy(LEADER, 60);
        rebuild.step();
        assertThat(answer).isCompleted();
        assertThat(rebuild.bytesFetched()).isGreaterThan(64_000_000);
        System.out.printf(
                "copied %.0f MB in %.2f s, snapshot, checksums and fsync included: %.0f MB/s%n",
                rebuild.bytesFetched() / 1e6,
                rebuild.secondsLast(),
                rebuild.bytesFetched() / 1e6 / rebuild.secondsLast());
        target.adoptCopy();
        assertThat(content(target)).hasSize(content(source).length());
        target.close();
        source.close();
    }

    private static ReplicationSettings onDisk(ReplicationSettings small, Path folder) {
        return new ReplicationSettings(
                small.self(),
                small.members(),
                folder,
                1,
                new LogSettings(16 << 20, 4096),
                small.entryBytesMax(),
                small.pendingBytesMax(),
                small.snapshotBytes(),
                small.snapshotInterval(),
                0,
                small.idempotencyWindow(),
                20,
                small.requestTimeout());
    }

    @Test
    void aRateIsKept() throws IOException {
        Throttle throttle = new Throttle(10_000_000, () -> false);
        long began = System.nanoTime();
        for (int i = 0; i < 30; i++) {
            throttle.pass(100_000);
        }
        // 3 MB at 10 MB/s, the last piece not waited for, a tenth of a second saved up
        assertThat((System.nanoTime() - began) / 1e9).isGreaterThan(0.18);
        assertThatThrownBy(() -> new Throttle(1, () -> true).pass(1)).isInstanceOf(InterruptedIOException.class);
        assertThatThrownBy(() -> new Throttle(0, () -> false)).isInstanceOf(IllegalArgumentException.class);
    }
}
