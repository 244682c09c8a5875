package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static io.millrace.log.Samples.described;
import static io.millrace.log.Samples.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.SimulatedDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Random lives of a log beside the dumbest model: a list of all records, and three numbers.
class ModelTest {
    private static final Path FOLDER = Path.of("/data/p");

    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    static LongStream manySeeds() {
        return LongStream.range(1000, 2000);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void aLogBehavesLikeAList(long seed) throws IOException {
        try {
            new Run(seed).run(250);
        } catch (AssertionError | IOException | RuntimeException e) {
            throw new AssertionError("seed %d".formatted(seed), e);
        }
    }

    @Tag("campaign")
    @ParameterizedTest
    @MethodSource("manySeeds")
    void aLogBehavesLikeAListForLong(long seed) throws IOException {
        aLogBehavesLikeAList(seed);
    }

    private static final class Run {
        private final SplittableRandom random;
        private final LogSettings settings;
        private final Compression[] compressions;
        private SimulatedDisk disk;
        private PartitionLog log;

        private final List<Sample> model = new ArrayList<>();
        private long earliest;
        private long highWatermark;
        private LogEnd manifest;

        Run(long seed) throws IOException {
            random = new SplittableRandom(seed);
            settings = new LogSettings(random.nextInt(1, 5000), random.nextInt(1, 1500));
            compressions = random.nextBoolean() ? new Compression[] {Compression.NONE} : Compression.values();
            disk = new SimulatedDisk(seed);
            log = new LogStore(disk).open(FOLDER, settings, null);
            manifest = log.flush();
        }

        void run(int steps) throws IOException {
            for (int step = 0; step < steps; step++) {
                switch (random.nextInt(20)) {
                    case 0, 1 -> manifest = log.flush();
                    case 2 -> reopenAfterPowerLoss();
                    case 3 -> reopenAfterExit();
                    case 4 -> retention();
                    case 5, 6, 7 -> seek();
                    case 8, 9 -> read();
                    case 10, 11 -> {
                        highWatermark = random.nextLong(highWatermark, model.size() + 1L);
                        log.advanceHighWatermark(highWatermark);
                    }
                    default -> append();
                }
                assertThat(log.earliestOffset()).isEqualTo(earliest);
                assertThat(log.nextOffset()).isEqualTo(model.size());
                assertThat(log.highWatermark()).isEqualTo(highWatermark);
                checkSegments();
            }
            read();
            log.verify((done, total) -> true);
            log.close();
        }

        private void append() throws IOException {
            List<Sample> samples = Samples.randomList(random, random.nextInt(1, 7), random.nextInt(10_000), 400);
            long offset =
                    log.append(batch(compressions[random.nextInt(compressions.length)], samples), random.nextInt(100));
            assertThat(offset).isEqualTo(model.size());
            model.addAll(samples);
        }

        private void reopenAfterPowerLoss() throws IOException {
            disk = disk.crash().disk(random.nextLong());
            log = new LogStore(disk).open(FOLDER, settings, manifest);
            model.subList((int) manifest.nextOffset(), model.size()).clear();
            // retention that came after the manifest may or may not be undone
            assertThat(log.earliestOffset())
                    .isBetween(manifest.earliestOffset(), Math.max(earliest, manifest.earliestOffset()));
            earliest = log.earliestOffset();
            highWatermark = model.size();
        }

        private void reopenAfterExit() throws IOException {
            log.close();
            log = new LogStore(disk).open(FOLDER, settings, null);
            // without a manifest the floor within a segment is forgotten
            assertThat(log.earliestOffset()).isLessThanOrEqualTo(earliest);
            earliest = log.earliestOffset();
            highWatermark = model.size();
        }

        private void retention() throws IOException {
            long olderThan = random.nextBoolean() ? Long.MIN_VALUE : random.nextInt(3000);
            long bytesMax = random.nextBoolean() ? Long.MAX_VALUE : random.nextLong(log.sizeBytes() * 2 + 1);
            long floor = log.retentionFloor(olderThan, bytesMax);
            assertThat(floor).isEqualTo(modelOfRetention(olderThan, bytesMax));
            if (random.nextInt(3) == 0) {
                floor = random.nextLong(earliest, model.size() + 1L);
            }
            if (floor > highWatermark) {
                return;
            }
            log.raiseEarliest(floor);
            earliest = Math.max(earliest, floor);
            assertThat(log.segments().get(0).nextOffset()).isGreaterThanOrEqualTo(earliest);
        }

        /// Tries every segment boundary: the lowest one that leaves nothing to complain about.
        private long modelOfRetention(long olderThan, long bytesMax) {
            List<PartitionLog.Segment> segments = log.segments();
            int keepFrom = 0;
            while (true) {
                PartitionLog.Segment first = segments.get(keepFrom);
                long bytes = segments.subList(keepFrom, segments.size()).stream()
                        .mapToLong(PartitionLog.Segment::sizeBytes)
                        .sum();
                boolean unwanted = first.lastTimestampMs() < olderThan || bytes > bytesMax;
                if (!unwanted || !first.sealed() || first.nextOffset() > highWatermark) {
                    return Math.max(earliest, keepFrom == 0 ? earliest : first.firstOffset());
                }
                keepFrom++;
            }
        }

        private void seek() throws IOException {
            long time = random.nextInt(-100, 10_200);
            long expected = highWatermark;
            for (long offset = earliest; offset < highWatermark; offset++) {
                if (model.get((int) offset).timestampMs() >= time) {
                    expected = offset;
                    break;
                }
            }
            assertThat(log.offsetAtTime(time)).as("time %d", time).isEqualTo(Math.max(expected, 0));
        }

        private void read() throws IOException {
            long from = random.nextLong(earliest, model.size() + 1L);
            List<String> expected =
                    from >= highWatermark ? List.of() : described(model.subList((int) from, (int) highWatermark), from);
            assertThat(readAll(log, from, random.nextInt(1, 10_000))).isEqualTo(expected);
        }

        private void checkSegments() {
            List<PartitionLog.Segment> segments = log.segments();
            long bytes = 0;
            for (int index = 0; index < segments.size(); index++) {
                PartitionLog.Segment segment = segments.get(index);
                bytes += segment.sizeBytes();
                assertThat(segment.sealed()).isEqualTo(index < segments.size() - 1);
                if (index > 0) {
                    assertThat(segment.firstOffset())
                            .isEqualTo(segments.get(index - 1).nextOffset());
                }
                long last = -1;
                for (long offset = segment.firstOffset(); offset < segment.nextOffset(); offset++) {
                    last = Math.max(last, model.get((int) offset).timestampMs());
                }
                if (segment.sizeBytes() > 0 && last >= 0) {
                    assertThat(segment.lastTimestampMs()).isEqualTo(last);
                }
            }
            assertThat(segments.get(segments.size() - 1).nextOffset()).isEqualTo(model.size());
            assertThat(log.sizeBytes()).isEqualTo(bytes);
        }
    }
}
