package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static io.millrace.log.Samples.described;
import static io.millrace.log.Samples.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.DiskImage;
import io.millrace.log.disk.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Crashes wherever one can fall: everything that was flushed survives, in order, and nothing is invented.
class CrashTest {
    private static final Path FOLDER = Path.of("/data/p");
    private static final LogSettings SETTINGS = new LogSettings(1500, 300);

    /// Refusals that are right without a manifest when a power loss kept later bytes and lost earlier ones.
    private static final List<String> HOLES = List.of(
            "ZEROS_THEN_GOOD_BATCHES", "BAD_BATCH_THEN_GOOD_BATCHES", "OFFSETS_NOT_CONTIGUOUS", "MISSING_SEGMENT");

    /// A life of a log, and what was promised when.
    private static final class Life {
        final List<Sample> appended = new ArrayList<>();
        /// Highest floor that retention was asked for.
        long earliest;
        /// What the last flush returned, as a manifest would keep it.
        LogEnd manifest = new LogEnd(0, 0, 0, 0);
        /// A manifest was written.
        boolean flushed;

        void live(SimulatedDisk disk, long seed, int steps) throws IOException {
            SplittableRandom random = new SplittableRandom(seed);
            try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
                for (int step = 0; step < steps; step++) {
                    switch (random.nextInt(10)) {
                        case 0, 1 -> {
                            manifest = log.flush();
                            flushed = true;
                        }
                        case 2 -> {
                            if (random.nextInt(3) == 0) {
                                long floor = random.nextLong(log.earliestOffset(), log.nextOffset() + 1);
                                earliest = Math.max(earliest, floor);
                                log.raiseEarliest(floor);
                            }
                        }
                        default -> {
                            List<Sample> samples = Samples.randomList(random, random.nextInt(1, 5), step, 250);
                            appended.addAll(samples); // before: a crash inside may leave it
                            log.append(batch(samples), 1);
                        }
                    }
                }
            }
        }
    }

    private record Outcome(@Nullable String refusal) {}

    private static void checkWithManifest(DiskImage image, Life life, String where) throws IOException {
        LogEnd manifest = life.manifest;
        if (!life.flushed) {
            return;
        }
        SimulatedDisk disk = image.disk(1);
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, manifest)) {
            long earliest = log.earliestOffset();
            assertThat(log.nextOffset()).as(where).isEqualTo(manifest.nextOffset());
            assertThat(earliest)
                    .as(where)
                    .isBetween(manifest.earliestOffset(), Math.max(life.earliest, manifest.earliestOffset()));
            assertThat(readAll(log, earliest)).as(where).isEqualTo(expected(life, earliest, manifest.nextOffset()));
            log.verify((done, total) -> true);
        }
    }

    private static Outcome checkWithoutManifest(DiskImage image, Life life, String where) throws IOException {
        SimulatedDisk disk = image.disk(1);
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            long earliest = log.earliestOffset();
            long next = log.nextOffset();
            assertThat(earliest).as(where).isLessThanOrEqualTo(Math.max(life.earliest, life.manifest.earliestOffset()));
            assertThat(next).as(where).isBetween(life.manifest.nextOffset(), (long) life.appended.size());
            assertThat(readAll(log, earliest)).as(where).isEqualTo(expected(life, earliest, next));
            return new Outcome(null);
        } catch (CorruptLogException refusal) {
            return new Outcome(refusal.getMessage());
        }
    }

    private static List<String> expected(Life life, long from, long to) {
        return described(life.appended.subList((int) from, (int) to), from);
    }

    private static void checkAll(SimulatedDisk disk, Life life, SplittableRandom fates, int images, String where)
            throws IOException {
        for (int index = 0; index < images; index++) {
            long fate = fates.nextLong();
            DiskImage image = disk.imageOfCrash(fate);
            String place = "%s, fate %d".formatted(where, fate);
            checkWithManifest(image, life, place);
            String refusal = checkWithoutManifest(image, life, place).refusal;
            if (refusal != null) {
                assertThat(HOLES).as("%s: %s", place, refusal).anyMatch(refusal::startsWith);
            }
        }
        // the process dies and the machine does not: no holes, so no refusal
        DiskImage cache = disk.imageOfCache();
        checkWithManifest(cache, life, where + ", cache");
        assertThat(checkWithoutManifest(cache, life, where + ", cache").refusal)
                .as(where + ", cache")
                .isNull();
    }

    static LongStream seeds() {
        return LongStream.range(0, 8);
    }

    static LongStream manySeeds() {
        return LongStream.range(100, 250);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatWasFlushedSurvivesACrashAfterAnyOperation(long seed) throws IOException {
        SimulatedDisk disk = new SimulatedDisk(seed);
        Life life = new Life();
        SplittableRandom fates = new SplittableRandom(seed + 1000);
        disk.afterEachOperation(() -> {
            try {
                checkAll(disk, life, fates, 2, "seed %d, operation %d".formatted(seed, disk.operations()));
            } catch (IOException e) {
                throw new AssertionError("seed %d, operation %d".formatted(seed, disk.operations()), e);
            }
        });
        life.live(disk, seed, 60);
        assertThat(disk.operations()).isGreaterThan(50);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void whatWasFlushedSurvivesACrashInsideAnyOperation(long seed) throws IOException {
        SimulatedDisk whole = new SimulatedDisk(seed);
        new Life().live(whole, seed, 60);
        for (long at = 1; at <= whole.operations(); at += 3) {
            SimulatedDisk disk = new SimulatedDisk(seed + at);
            disk.crashAtOperation(at);
            Life life = new Life();
            boolean crashed = false;
            try {
                life.live(disk, seed, 60);
            } catch (IOException powerLost) {
                crashed = true;
            }
            assertThat(crashed).isTrue();
            checkAll(disk, life, new SplittableRandom(at), 2, "seed %d, inside operation %d".formatted(seed, at));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aTailCutAnywhereIsRecoveredWithoutAManifest(long seed) throws IOException {
        SimulatedDisk disk = new SimulatedDisk(seed);
        Life life = new Life();
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int count = 0; count < 6; count++) {
                List<Sample> samples = Samples.randomList(random, 3, 1, 60);
                life.appended.addAll(samples);
                log.append(batch(samples), 1);
                if (count == 2) {
                    life.manifest = log.flush();
                }
            }
            assertThat(log.segments()).hasSizeLessThan(3);
        }
        DiskImage image = disk.imageOfCache();
        String name =
                disk.list(FOLDER).stream().filter(file -> file.endsWith(".log")).reduce("", (a, b) -> b);
        Path last = FOLDER.resolve(name);
        int size = image.file(last).length;
        long durable = name.equals("%020d.log".formatted(life.manifest.segmentFirstOffset()))
                ? life.manifest.positionBytes()
                : 0;
        for (long left = durable; left <= size; left++) {
            SimulatedDisk cut = image.disk(left);
            try (var file = cut.open(last)) {
                file.truncate(left);
            }
            Outcome outcome = checkWithoutManifest(cut.imageOfCache(), life, "seed %d, %d bytes".formatted(seed, left));
            assertThat(outcome.refusal).as("seed %d, %d bytes", seed, left).isNull();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aCrashDuringRecoveryIsRecoveredToo(long seed) throws IOException {
        SimulatedDisk disk = new SimulatedDisk(seed);
        Life life = new Life();
        life.live(disk, seed, 60);
        SplittableRandom fates = new SplittableRandom(seed);
        for (int round = 0; round < 10; round++) {
            SimulatedDisk again = disk.imageOfCrash(fates.nextLong()).disk(fates.nextLong());
            String where = "seed %d, round %d".formatted(seed, round);
            again.afterEachOperation(() -> {
                try {
                    checkWithManifest(again.imageOfCrash(fates.nextLong()), life, where);
                } catch (IOException e) {
                    throw new AssertionError(where, e);
                }
            });
            LogEnd manifest = life.manifest;
            new LogStore(again).open(FOLDER, SETTINGS, manifest).close();
        }
    }

    @Tag("campaign")
    @ParameterizedTest
    @MethodSource("manySeeds")
    void whatWasFlushedSurvivesManyMoreCrashes(long seed) throws IOException {
        whatWasFlushedSurvivesACrashAfterAnyOperation(seed);
        whatWasFlushedSurvivesACrashInsideAnyOperation(seed);
        aCrashDuringRecoveryIsRecoveredToo(seed);
    }

    @Test
    void aFailedFsyncStopsTheLogAndTakesNothingThatWasPromised() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        Life life = new Life();
        PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null);
        append(log, life, 3);
        life.manifest = log.flush();
        life.flushed = true;
        append(log, life, 2);
        disk.failNextSync();
        assertFails(log::flush, "Input/output error");
        assertFails(log::flush, "must be closed and recovered");
        assertFails(() -> log.append(batch(List.of(Samples.sample(1, "k", "v"))), 1), "must be closed and recovered");
        assertThat(readAll(log, 0)).as("readers go on").isNotEmpty();
        log.close();
        checkAll(disk, life, new SplittableRandom(1), 50, "after a failed fsync");
    }

    @Test
    void aFullDiskStopsTheLogAndTheTornBatchIsCutAtTheNextStart() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        Life life = new Life();
        PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null);
        append(log, life, 3);
        disk.limitBytes(log.sizeBytes() + 30);
        assertThat(disk.usableBytes(FOLDER)).isEqualTo(30);
        assertFails(() -> log.append(batch(List.of(Samples.sample(1, "key", "value"))), 1), "No space left on device");
        assertFails(() -> log.append(batch(List.of(Samples.sample(1, "k", "v"))), 1), "must be closed and recovered");
        log.close();
        disk.limitBytes(Long.MAX_VALUE);
        try (PartitionLog again = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            assertThat(readAll(again, 0)).isEqualTo(described(life.appended, 0));
            append(again, life, 1);
            assertThat(readAll(again, 0)).isEqualTo(described(life.appended, 0));
        }
    }

    @Test
    void anyFlippedBitIsFoundByVerifyAndByReadersAndNeverDelivered() throws IOException {
        SimulatedDisk disk = new SimulatedDisk(1);
        Life life = new Life();
        Path file = FOLDER.resolve("%020d.log".formatted(0));
        try (PartitionLog log = new LogStore(disk).open(FOLDER, SETTINGS, null)) {
            append(log, life, 4);
            List<String> all = described(life.appended, 0);
            long size = log.sizeBytes();
            assertThat(log.segments()).hasSize(1);
            SplittableRandom random = new SplittableRandom(1);
            for (int round = 0; round < 600; round++) {
                long bit = random.nextLong(size * 8);
                disk.flipBit(file, bit);
                List<String> delivered = new ArrayList<>();
                boolean found = false;
                try {
                    log.verify((done, total) -> true);
                } catch (CorruptLogException e) {
                    found = true;
                }
                try (RecordReader reader = log.reader(0)) {
                    while (reader.fill(Long.MAX_VALUE, 1)) {
                        while (reader.next()) {
                            StreamRecord record = reader.copy();
                            delivered.add(Samples.describe(
                                    record.offset(),
                                    record.timestampMs(),
                                    record.key(),
                                    record.value(),
                                    record.headers()));
                        }
                    }
                } catch (CorruptLogException e) {
                    assertThat(found).as("bit %d: %s", bit, e).isTrue();
                }
                assertThat(delivered).as("bit %d", bit).isEqualTo(all.subList(0, delivered.size()));
                // the leader epoch is the only field that neither checksum nor order protects
                if (!found) {
                    assertThat(delivered).as("bit %d", bit).isEqualTo(all);
                    assertThat(isInLeaderEpoch(disk, bit / 8)).as("bit %d", bit).isTrue();
                }
                disk.flipBit(file, bit);
            }
        }
    }

    private static boolean isInLeaderEpoch(SimulatedDisk disk, long position) {
        byte[] bytes = disk.imageOfCache().file(FOLDER.resolve("%020d.log".formatted(0)));
        int at = 0;
        while (true) {
            int size = 12 + java.nio.ByteBuffer.wrap(bytes).getInt(at + 8);
            if (position < at + size) {
                return position >= at + 12 && position < at + 16;
            }
            at += size;
        }
    }

    private interface Action {
        void run() throws IOException;
    }

    private static void assertFails(Action action, String message) throws IOException {
        try {
            action.run();
        } catch (IOException e) {
            assertThat(e).hasMessageContaining(message);
            return;
        }
        throw new AssertionError("expected a failure with: " + message);
    }

    private static void append(PartitionLog log, Life life, int batches) throws IOException {
        SplittableRandom random = new SplittableRandom(life.appended.size());
        for (int count = 0; count < batches; count++) {
            List<Sample> samples = Samples.randomList(random, 2, 10, 100);
            life.appended.addAll(samples);
            log.append(batch(samples), 1);
        }
        log.advanceHighWatermark(log.nextOffset());
    }
}
