package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static io.millrace.log.Samples.batchOfSize;
import static io.millrace.log.Samples.described;
import static io.millrace.log.Samples.readAll;
import static io.millrace.log.Samples.sample;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.LocalDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionLogTest {
    private static final LogSettings SMALL = new LogSettings(2000, 300);

    @TempDir
    Path folder;

    private PartitionLog open(LogSettings settings) throws IOException {
        return new LogStore(new LocalDisk()).open(folder.resolve("p"), settings, null);
    }

    private static List<Sample> appendRandom(
            PartitionLog log, SplittableRandom random, Compression compression, int batches) throws IOException {
        List<Sample> appended = new ArrayList<>();
        for (int index = 0; index < batches; index++) {
            List<Sample> samples = Samples.randomList(random, random.nextInt(1, 9), 1_000L * index, 200);
            assertThat(log.append(batch(compression, samples), 7)).isEqualTo(log.nextOffset() - samples.size());
            appended.addAll(samples);
        }
        log.advanceHighWatermark(log.nextOffset());
        return appended;
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void whatWasAppendedIsReadBackFromAnyOffsetInAnyChunkSize(Compression compression) throws IOException {
        try (PartitionLog log = open(SMALL)) {
            List<Sample> appended = appendRandom(log, new SplittableRandom(1), compression, 60);
            assertThat(log.segments()).hasSizeGreaterThan(5);
            for (int from = 0; from <= appended.size(); from += 7) {
                List<String> expected = described(appended.subList(from, appended.size()), from);
                assertThat(readAll(log, from, 1)).isEqualTo(expected);
                assertThat(readAll(log, from, 1 << 20)).isEqualTo(expected);
            }
        }
    }

    @Test
    void reopeningFindsTheSameLogWithAndWithoutAManifest() throws IOException {
        List<Sample> appended;
        LogEnd end;
        try (PartitionLog log = open(SMALL)) {
            appended = appendRandom(log, new SplittableRandom(2), Compression.NONE, 60);
            end = log.flush();
        }
        try (PartitionLog log = open(SMALL)) {
            assertThat(log.end()).isEqualTo(end);
            assertThat(readAll(log, 0)).isEqualTo(described(appended, 0));
        }
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder.resolve("p"), SMALL, end)) {
            assertThat(log.end()).isEqualTo(end);
            assertThat(readAll(log, 0)).isEqualTo(described(appended, 0));
        }
    }

    @Test
    void aManifestCutsWhatIsBehindItAndTheLogGoesOnFromThere() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        List<Sample> kept;
        LogEnd end;
        try (PartitionLog log = open(SMALL)) {
            kept = new ArrayList<>(appendRandom(log, random, Compression.NONE, 20));
            end = log.flush();
            appendRandom(log, random, Compression.NONE, 40);
            log.flush();
        }
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder.resolve("p"), SMALL, end)) {
            assertThat(log.end()).isEqualTo(end);
            assertThat(log.highWatermark()).isEqualTo(end.nextOffset());
            kept.addAll(appendRandom(log, random, Compression.NONE, 30));
            assertThat(readAll(log, 0)).isEqualTo(described(kept, 0));
            log.flush();
        }
        try (PartitionLog log = open(SMALL)) {
            assertThat(readAll(log, 0)).isEqualTo(described(kept, 0));
        }
    }

    @Test
    void readersStopAtTheHighWatermarkAndAtTheEndTheyAskedFor() throws IOException {
        try (PartitionLog log = open(LogSettings.DEFAULT);
                RecordReader reader = log.reader(0)) {
            log.append(batch(List.of(sample(1, "a", "0"), sample(2, "b", "1"), sample(3, "c", "2"))), 0);
            assertThat(reader.fill(100, 1000)).isFalse();

            log.advanceHighWatermark(2);
            assertThat(offsets(reader, 100)).containsExactly(0L, 1L);
            assertThat(reader.position()).isEqualTo(2);
            assertThat(reader.fill(100, 1000)).isFalse();

            log.advanceHighWatermark(3);
            assertThat(offsets(reader, 2)).isEmpty();
            assertThat(offsets(reader, 100)).containsExactly(2L);
            assertThat(reader.position()).isEqualTo(3);

            log.advanceHighWatermark(1);
            assertThat(log.highWatermark()).isEqualTo(3);
            assertThatThrownBy(() -> log.advanceHighWatermark(4)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static List<Long> offsets(RecordReader reader, long end) throws IOException {
        List<Long> offsets = new ArrayList<>();
        while (reader.fill(end, 1000)) {
            while (reader.next()) {
                offsets.add(reader.offset());
            }
        }
        return offsets;
    }

    @Test
    void aReaderThatStopsInsideAChunkGoesOnThere() throws IOException {
        try (PartitionLog log = open(SMALL)) {
            List<Sample> appended = appendRandom(log, new SplittableRandom(4), Compression.ZSTD, 40);
            try (RecordReader reader = log.reader(0)) {
                SplittableRandom random = new SplittableRandom(5);
                List<String> read = new ArrayList<>();
                while (reader.fill(Long.MAX_VALUE, random.nextInt(1, 3000))) {
                    for (int steps = random.nextInt(1, 12); steps > 0 && reader.next(); steps--) {
                        StreamRecord copy = reader.copy();
                        read.add(Samples.describe(
                                copy.offset(), copy.timestampMs(), copy.key(), copy.value(), copy.headers()));
                        assertThat(reader.position()).isEqualTo(reader.offset() + 1);
                    }
                }
                assertThat(read).isEqualTo(described(appended, 0));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void aSegmentIsSealedBeforeItWouldExceedItsSize(int difference) throws IOException {
        try (PartitionLog log = open(new LogSettings(1000, 100))) {
            log.append(batchOfSize(400, 1), 0);
            log.append(batchOfSize(600 + difference, 1), 0);
            assertThat(log.segments()).hasSize(difference <= 0 ? 1 : 2);
            assertThat(log.segments().get(0).sealed()).isEqualTo(difference > 0);
            assertThat(log.sizeBytes()).isEqualTo(1000 + difference);
        }
    }

    @Test
    void whatIsNoBatchIsNotAppended() throws IOException {
        try (PartitionLog log = open(SMALL)) {
            ByteBuffer good = batch(List.of(sample(1, "k", "v")));
            ByteBuffer longer = ByteBuffer.allocate(good.remaining() + 1).put(good.duplicate());
            longer.flip().limit(good.remaining() + 1);
            assertThatThrownBy(() -> log.append(longer, 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> log.append(ByteBuffer.allocate(60), 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> log.append(ByteBuffer.allocate(100), 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(log.append(good, 0)).isZero();
            assertThat(good.remaining()).isGreaterThan(61);
        }
    }

    @Test
    void readersOutsideTheLogAreRefused() throws IOException {
        try (PartitionLog log = open(SMALL)) {
            appendRandom(log, new SplittableRandom(6), Compression.NONE, 3);
            long next = log.nextOffset();
            log.reader(next).close();
            assertThatThrownBy(() -> log.reader(next + 1)).isInstanceOf(OffsetOutOfRangeException.class);
            assertThatThrownBy(() -> log.reader(-1)).isInstanceOf(OffsetOutOfRangeException.class);
        }
    }

    @Test
    void retentionDeletesWholeSegmentsAndReadersBelowAreToldSo() throws IOException {
        LogEnd end;
        List<Sample> appended;
        try (PartitionLog log = open(SMALL)) {
            appended = appendRandom(log, new SplittableRandom(7), Compression.NONE, 80);
            List<PartitionLog.Segment> before = log.segments();
            long floor = before.get(3).firstOffset() + 1;
            try (RecordReader reader = log.reader(0)) {
                assertThat(reader.fill(Long.MAX_VALUE, 1)).isTrue();
                assertThat(reader.next()).isTrue();
                log.raiseEarliest(floor);
                do {
                    assertThat(reader.copy()).isNotNull();
                } while (reader.next());
                assertThatThrownBy(() -> reader.fill(Long.MAX_VALUE, 1)).isInstanceOf(OffsetOutOfRangeException.class);
            }
            assertThat(log.earliestOffset()).isEqualTo(floor);
            assertThat(log.segments()).isEqualTo(before.subList(3, before.size()));
            assertThat(readAll(log, floor)).isEqualTo(described(appended.subList((int) floor, appended.size()), floor));
            end = log.flush();
        }
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder.resolve("p"), SMALL, end)) {
            assertThat(log.end()).isEqualTo(end);
            log.raiseEarliest(log.nextOffset());
            assertThat(log.sizeBytes()).isZero();
            assertThat(log.segments()).hasSize(1);
            log.flush();
        }
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder.resolve("p"), SMALL, null)) {
            assertThat(log.nextOffset()).isEqualTo(appended.size());
            assertThat(log.earliestOffset()).isEqualTo(appended.size());
        }
        try (var files = Files.list(folder.resolve("p"))) {
            assertThat(files).hasSize(1);
        }
    }
}
