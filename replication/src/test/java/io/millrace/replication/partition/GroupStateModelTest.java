package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.LogSettings;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.disk.DiskImage;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.Nodes;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicPartition;
import io.millrace.replication.TopicSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The state machine on a simulated disk, beside a model of lists and maps. Entries are committed (the
/// consensus log is not what is tested here, so a list keeps them); the power may fail at any operation of the
/// disk. After every restart the entries behind the manifest are applied again and must be decided as before.
class GroupStateModelTest {
    private static final Path FOLDER = Path.of("/data");
    private static final int KEYS_MAX = 20;
    private static final long WINDOW_MS = 1_000;
    private static final List<String> TOPICS = List.of("a", "b", "c");
    private static final List<String> QUERIES = List.of("q1", "q2");

    private static final GroupState.Listener NOBODY = new GroupState.Listener() {
        @Override
        public void appended(TopicPartition partition) {}

        @Override
        public void metadataChanged() {}

        @Override
        public void logFailed(String what, Throwable cause) {}
    };

    static LongStream seeds() {
        return LongStream.range(0, 60);
    }

    static LongStream manySeeds() {
        return LongStream.range(1_000, 2_000);
    }

    private static ReplicationSettings settings() {
        ReplicationSettings node = Nodes.settings(FOLDER);
        return new ReplicationSettings(
                node.self(),
                node.members(),
                node.dataFolder(),
                1,
                new LogSettings(2_000, 256), // a few batches a segment
                node.entryBytesMax(),
                node.pendingBytesMax(),
                node.snapshotBytes(),
                node.snapshotInterval(),
                0,
                Duration.ofMillis(WINDOW_MS),
                KEYS_MAX,
                node.requestTimeout());
    }

    private static TopicSettings partitions(int count) {
        return new TopicSettings(count, 0, Retention.FOREVER, TopicSettings.Cleanup.DELETE, Map.of());
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whateverHappensItDecidesAsTheModelAndForgetsNothing(long seed) throws IOException {
        new Run(seed).run(120);
    }

    @Tag("campaign")
    @ParameterizedTest
    @MethodSource("manySeeds")
    void whateverHappensForLong(long seed) throws IOException {
        new Run(seed).run(400);
    }

    private static final class Run {
        private final long seed;
        private final SplittableRandom random;
        private final ModelState model = new ModelState(KEYS_MAX, WINDOW_MS);
        private final List<byte[]> committed = new ArrayList<>();
        private final List<List<CommandOutcome>> decided = new ArrayList<>();
        private SimulatedDisk disk;
        private GroupState state;
        private long snapshotIndex = -1;
        private long clockMs = 10_000;
        private int values;
        private int crashes;

        Run(long seed) throws IOException {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.disk = new SimulatedDisk(seed);
            this.state = GroupState.open(disk, settings(), 0, NOBODY);
        }

        void run(int steps) throws IOException {
            for (int step = 0; step < steps; step++) {
                if (random.nextInt(15) == 0) {
                    disk.crashAtOperation(disk.operations() + 1 + random.nextInt(60));
                }
                try {
                    step();
                } catch (IOException | UncheckedIOException e) { // the latter where the face of a log throws none
                    restart(disk.crash());
                }
                if (random.nextInt(40) == 0) {
                    restart(random.nextBoolean() ? disk.imageOfCache() : disk.crash());
                }
            }
            restart(disk.crash());
        }

        private void step() throws IOException {
            switch (random.nextInt(12)) {
                case 0 -> {
                    long index = state.takeSnapshot();
                    assertThat(index).as("seed %d", seed).isEqualTo(committed.size() - 1);
                    snapshotIndex = index;
                }
                case 1 -> state.flushDirty();
                case 2 -> compare();
                default -> {
                    addEntry();
                    int index = committed.size() - 1;
                    assertThat(state.apply(index, 1 + crashes, ByteBuffer.wrap(committed.get(index))))
                            .as("seed %d entry %d", seed, index)
                            .usingRecursiveComparison()
                            .isEqualTo(decided.get(index));
                }
            }
        }

        /// Commits one more entry, and lets the model decide it.
        private void addEntry() {
            Entries entry = new Entries();
            List<CommandOutcome> outcomes = new ArrayList<>();
            clockMs += random.nextInt(200) - 20; // a new leader's clock may be behind
            model.advance(clockMs);
            for (int left = 1 + random.nextInt(4); left > 0; left--) {
                addCommand(entry, outcomes);
            }
            committed.add(entry.finish(clockMs));
            decided.add(outcomes);
        }

        private void addCommand(Entries entry, List<CommandOutcome> outcomes) {
            String name = TOPICS.get(random.nextInt(TOPICS.size()));
            ModelState.Topic topic = model.topics.get(name);
            long id = topic == null ? 1_000_000 : topic.id();
            int partition = random.nextInt(3);
            int width = topic == null ? 0 : topic.partitions().size();
            String query = QUERIES.get(random.nextInt(QUERIES.size()));
            switch (topic == null ? random.nextInt(3) * 20 : random.nextInt(30)) {
                case 0, 1 -> {
                    int count = topic == null ? 1 + random.nextInt(2) : width;
                    entry.create(name, partitions(count));
                    model.create(name, count);
                    Topic made = new Topic(
                            name, Objects.requireNonNull(model.topics.get(name)).id(), partitions(count));
                    outcomes.add(new CommandOutcome.TopicDecided(new TopicOutcome.Done(made, topic == null)));
                }
                case 2 -> {
                    entry.delete(name);
                    outcomes.add(new CommandOutcome.TopicDecided(
                            new TopicOutcome.Done(new Topic(name, id, partitions(width)), true)));
                    model.topics.remove(name);
                }
                case 3, 4 -> {
                    if (topic != null && partition < width) {
                        ModelState.Partition at = topic.partitions().get(partition);
                        long offset = random.nextInt(at.values.size() + 1);
                        outcomes.add(new CommandOutcome.TopicDecided(
                                new TopicOutcome.Done(new Topic(name, id, partitions(width)), offset > at.earliest)));
                        entry.raiseEarliest(id, partition, offset);
                        model.raiseEarliest(id, partition, offset);
                    }
                }
                case 5, 6, 7 -> {
                    long offset = random.nextInt(20);
                    entry.commit(id, partition, offset, "g");
                    outcomes.add(model.commit(id, partition, offset, "g", committed.size()));
                }
                case 8, 9 -> {
                    boolean empty = random.nextInt(4) == 0;
                    long expected = random.nextInt(4) - 1;
                    entry.put(name, empty ? new byte[0] : new byte[] {1}, expected);
                    outcomes.add(model.put(name, empty, expected));
                }
                case 10 -> {
                    long generation = 1 + random.nextInt(5);
                    entry.fence(query, generation);
                    outcomes.add(model.fence(query, generation));
                }
                default -> {
                    List<String> added = new ArrayList<>();
                    RecordBuffer records = new RecordBuffer();
                    for (int left = 1 + random.nextInt(3); left > 0; left--) {
                        String value = "v" + values++ + "x".repeat(random.nextInt(200));
                        added.add(value);
                        byte[] bytes = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
                        records.add(clockMs, null, 0, -1, bytes, 0, bytes.length, List.of());
                    }
                    long key = random.nextInt(3) == 0 ? 1 + random.nextInt(60) : 0;
                    long bodyHash = key == 0 ? 0 : random.nextInt(2);
                    long expect = random.nextInt(4) == 0 ? random.nextInt(10) : -1;
                    boolean stamped = random.nextInt(4) == 0;
                    ModelState.Stamp stamp = new ModelState.Stamp(
                            random.nextInt(3) == 0 ? random.nextInt(5) : model.fences.getOrDefault(query, 0L), values);
                    entry.append(
                            id,
                            partition,
                            records,
                            key,
                            bodyHash,
                            expect,
                            stamped
                                    ? new OutputStamp(query, stamp.generation(), stamp.step(), new byte[] {7}, 1)
                                    : null);
                    outcomes.add(
                            model.append(id, partition, added, key, bodyHash, expect, stamped ? query : "", stamp));
                }
            }
            if (outcomes.size() < entry.commands() || outcomes.isEmpty()) {
                // the case above found nothing to do; an entry has at least one command
                entry.fence("nobody", 1);
                outcomes.add(model.fence("nobody", 1));
            }
        }

        private void restart(DiskImage image) throws IOException {
            crashes++;
            disk = image.disk(random.nextLong());
            state = GroupState.open(disk, settings(), 0, NOBODY);
            if (random.nextBoolean()) {
                state.openLogs();
            }
            long durable = state.durableIndex();
            assertThat(durable)
                    .as("seed %d crash %d: the manifest", seed, crashes)
                    .isBetween(snapshotIndex, committed.size() - 1L);
            snapshotIndex = durable;
            for (int index = (int) durable + 1; index < committed.size(); index++) {
                assertThat(state.apply(index, 1 + crashes, ByteBuffer.wrap(committed.get(index))))
                        .as("seed %d crash %d: entry %d again", seed, crashes, index)
                        .usingRecursiveComparison()
                        .isEqualTo(decided.get(index));
            }
            compare();
        }

        private void compare() throws IOException {
            assertThat(state.metadata().topics())
                    .as("seed %d", seed)
                    .extracting(Topic::name)
                    .containsExactlyElementsOf(model.topics.keySet());
            Map<String, Long> documents = new TreeMap<>();
            state.metadata().documents("").forEach((key, document) -> documents.put(key, document.version()));
            assertThat(documents).as("seed %d", seed).isEqualTo(model.documents);
            for (Map.Entry<String, ModelState.Topic> topic : model.topics.entrySet()) {
                long id = topic.getValue().id();
                for (int at = 0; at < topic.getValue().partitions().size(); at++) {
                    ModelState.Partition expected =
                            topic.getValue().partitions().get(at);
                    PartitionLog log = Objects.requireNonNull(state.partition(id, at));
                    String place = "seed %d %s-%d".formatted(seed, topic.getKey(), at);
                    assertThat(log.earliestOffset()).as(place).isEqualTo(expected.earliest);
                    assertThat(Nodes.values(log))
                            .as(place)
                            .isEqualTo(expected.values.subList((int) expected.earliest, expected.values.size()));
                    Long committedOffset = state.metadata().committed("g", id, at);
                    assertThat(committedOffset).as(place).isEqualTo(expected.commits.get("g"));
                    for (String query : QUERIES) {
                        OutputStamp stamp = state.metadata().stamps(query, id).get(at);
                        assertThat(stamp == null ? null : new ModelState.Stamp(stamp.generation(), stamp.step()))
                                .as(place)
                                .isEqualTo(expected.stamps.get(query));
                    }
                }
            }
        }
    }

    // ---- single cases ----

    @Test
    void anEntryWithAFlippedBitIsNotApplied() throws IOException {
        GroupState state = GroupState.open(new SimulatedDisk(1), settings(), 0, NOBODY);
        byte[] good = new Entries().create("t", partitions(1)).finish(1);
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> state.apply(0, 1, ByteBuffer.wrap(bad)))
                    .as("bit %d", bit)
                    .isInstanceOf(InvalidEntryException.class);
        }
        assertThat(state.metadata().topics()).isEmpty();
        assertThat(state.apply(0, 1, ByteBuffer.wrap(good))).hasSize(1);
    }

    @Test
    void aCommandOfALaterVersionStopsTheGroup() throws IOException {
        GroupState state = GroupState.open(new SimulatedDisk(1), settings(), 0, NOBODY);
        assertThatThrownBy(() -> state.apply(
                        7, 1, ByteBuffer.wrap(new Entries().unknown().finish(1))))
                .isInstanceOf(InvalidEntryException.class)
                .hasMessageContaining("entry 7 holds a command of type 99");
    }

    @Test
    void aFailedFsyncDoesNotBecomeAManifest() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        GroupState state = GroupState.open(disk, settings(), 0, NOBODY);
        state.apply(
                0, 1, ByteBuffer.wrap(new Entries().create("t", partitions(1)).finish(1)));
        state.apply(
                1,
                1,
                ByteBuffer.wrap(new Entries()
                        .append(1, 0, Nodes.records("a"), 0, 0, -1, null)
                        .finish(1)));
        disk.failNextSync();
        assertThatThrownBy(state::takeSnapshot).isInstanceOf(IOException.class);
        assertThat(state.durableIndex()).isEqualTo(-1);
        GroupState again = GroupState.open(disk.imageOfDurable().disk(2), settings(), 0, NOBODY);
        assertThat(again.durableIndex()).isEqualTo(-1);
    }

    @Test
    void timeDoesNotGoBackWithANewLeadersClock() throws IOException {
        GroupState state = GroupState.open(new SimulatedDisk(1), settings(), 0, NOBODY);
        state.apply(
                0, 1, ByteBuffer.wrap(new Entries().create("t", partitions(1)).finish(1)));
        state.apply(1, 1, ByteBuffer.wrap(keyed(10_000)));
        assertThat(state.apply(2, 2, ByteBuffer.wrap(keyed(10_000 - 5 * WINDOW_MS)))
                        .getFirst())
                .isInstanceOf(CommandOutcome.AppendRejected.class);
        long index = 3;
        for (long later = WINDOW_MS / 10; later <= WINDOW_MS; later += WINDOW_MS / 10) {
            assertThat(state.apply(index++, 2, ByteBuffer.wrap(keyed(10_000 + later)))
                            .getFirst())
                    .as("%d ms later", later)
                    .isInstanceOf(CommandOutcome.AppendRejected.class);
        }
        assertThat(state.apply(index, 2, ByteBuffer.wrap(keyed(10_000 + WINDOW_MS + 1)))
                        .getFirst())
                .isInstanceOf(CommandOutcome.Appended.class);
    }

    @Test
    void aRetryFindsItsKeyWhenTheNewLeadersClockIsAhead() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        GroupState state = GroupState.open(disk, settings(), 0, NOBODY);
        state.apply(
                0, 1, ByteBuffer.wrap(new Entries().create("t", partitions(1)).finish(1)));
        state.apply(1, 1, ByteBuffer.wrap(keyed(10_000)));
        long ahead = 10_000 + 100 * WINDOW_MS;
        assertThat(state.apply(2, 2, ByteBuffer.wrap(keyed(ahead))).getFirst())
                .isEqualTo(new CommandOutcome.AppendRejected(new AppendOutcome.Duplicate(0, 1)));

        state.takeSnapshot(); // another node starts from it and must decide alike
        GroupState restarted = GroupState.open(disk.imageOfDurable().disk(2), settings(), 0, NOBODY);
        for (GroupState one : List.of(state, restarted)) {
            // a tenth of the window has passed with the jump, and eight more with these; then it is over
            long later = ahead + 8 * WINDOW_MS / 10;
            for (long at = ahead; at <= later; at += WINDOW_MS / 10) {
                assertThat(one.apply(3 + at - ahead, 2, ByteBuffer.wrap(keyed(at)))
                                .getFirst())
                        .isInstanceOf(CommandOutcome.AppendRejected.class);
            }
            assertThat(one.apply(later, 2, ByteBuffer.wrap(keyed(later + WINDOW_MS / 10)))
                            .getFirst())
                    .as("as old as the window is long")
                    .isInstanceOf(CommandOutcome.AppendRejected.class);
            assertThat(one.apply(later + 1, 2, ByteBuffer.wrap(keyed(later + WINDOW_MS / 10 + 1)))
                            .getFirst())
                    .isInstanceOf(CommandOutcome.Appended.class);
        }
    }

    private static byte[] keyed(long timeMs) {
        return new Entries().append(1, 0, Nodes.records("a"), 5, 1, -1, null).finish(timeMs);
    }
}
