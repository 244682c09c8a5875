package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static io.millrace.log.Samples.batchOfSize;
import static io.millrace.log.Samples.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.log.index.SparseIndex;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Limits one below, at, and one above; and bytes that somebody else made up.
class ReaderLimitsTest {
    private static final Path FOLDER = Path.of("/data/p");
    private static final Path FIRST = FOLDER.resolve("%020d.log".formatted(0));

    private final SimulatedDisk disk = new SimulatedDisk(1);

    private PartitionLog open(LogSettings settings) throws IOException {
        return new LogStore(disk).open(FOLDER, settings, null);
    }

    private static int recordsInOneFill(PartitionLog log, int bytesMax) throws IOException {
        try (RecordReader reader = log.reader(0)) {
            assertThat(reader.fill(Long.MAX_VALUE, bytesMax)).isTrue();
            int count = 0;
            while (reader.next()) {
                count++;
            }
            assertThat(reader.position()).isEqualTo(count);
            return count;
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 2", "1, 2"})
    void aChunkHoldsTheWholeBatchesThatFit(int difference, int expected) throws IOException {
        try (PartitionLog log = open(LogSettings.DEFAULT)) {
            for (int count = 0; count < 5; count++) {
                log.append(batchOfSize(3000, 1), 1);
            }
            log.advanceHighWatermark(5);
            assertThat(recordsInOneFill(log, 6000 + difference)).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1})
    void aBatchThatIsLargerThanTheChunkIsReadAlone(int difference) throws IOException {
        try (PartitionLog log = open(LogSettings.DEFAULT)) {
            int chunk = 1 << 16;
            log.append(batchOfSize(chunk + difference, 7), 1);
            log.append(batchOfSize(100, 8), 1);
            log.append(batchOfSize(chunk * 5, 9), 1);
            log.append(batchOfSize(100, 10), 1);
            log.advanceHighWatermark(4);
            assertThat(recordsInOneFill(log, chunk)).isEqualTo(1);
            assertThat(readAll(log, 0, chunk)).hasSize(4);
            assertThat(readAll(log, 2, chunk)).hasSize(2);
            assertThat(readAll(log, 0, 1)).isEqualTo(readAll(log, 0, Integer.MAX_VALUE));
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void aRecordThatIsLargerThanTheChunkIsReadWhole(Compression compression) throws IOException {
        byte[] value = new byte[3_000_000];
        new SplittableRandom(1).nextBytes(value);
        Arrays.fill(value, 0, 2_000_000, (byte) 'x');
        try (PartitionLog log = open(new LogSettings(1 << 20, 4096))) {
            for (int count = 0; count < 3; count++) {
                log.append(
                        batch(
                                compression,
                                List.of(new Sample(count, null, value, List.of()), Samples.sample(1, "k", "v"))),
                        1);
            }
            log.advanceHighWatermark(6);
            try (RecordReader reader = log.reader(0)) {
                for (int count = 0; count < 3; count++) {
                    assertThat(reader.fill(Long.MAX_VALUE, 1000)).isTrue();
                    assertThat(reader.next()).isTrue();
                    assertThat(reader.copy().value()).isEqualTo(value);
                    assertThat(reader.next()).isTrue();
                    assertThat(reader.next()).isFalse();
                }
                assertThat(reader.fill(Long.MAX_VALUE, 1000)).isFalse();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"-1, 2", "0, 3", "1, 3"})
    void anIndexEntryIsKeptOncePerInterval(int difference, int expected) {
        SparseIndex index = new SparseIndex(1000);
        long position = 0;
        for (int entry = 0; entry < 3; entry++) {
            index.add(entry, position, entry);
            position += 1000 + difference;
        }
        assertThat(index.count()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 1", "1, 2"})
    void aSegmentEndsWhereAnOffsetWouldNotFitAnInt(int difference, int segments) throws IOException {
        try (PartitionLog log = open(LogSettings.DEFAULT)) {
            // the appender believes the header's count, so no two billion records are needed
            int count = Integer.MAX_VALUE;
            log.append(claiming(count), 1);
            log.append(batchOfSize(100, 1), 1);
            assertThat(log.segments()).hasSize(1);
            assertThat(log.nextOffset()).isEqualTo((1L << 31));
            log.append(batchOfSize(100, 1), 1);
            assertThat(log.segments()).hasSize(2);
            log.close();
        }
        SimulatedDisk other = new SimulatedDisk(2);
        try (PartitionLog log = new LogStore(other).open(FOLDER, LogSettings.DEFAULT, null)) {
            log.append(claiming(1 << 30), 1);
            log.append(claiming((1 << 30) + difference), 1);
            assertThat(log.segments()).hasSize(segments);
        }
    }

    private static ByteBuffer claiming(int count) {
        ByteBuffer batch = batchOfSize(100, 1);
        return batch.putInt(23, count - 1).putInt(57, count);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                -1,
                Integer.MIN_VALUE,
                0,
                48,
                49,
                1000,
                (1 << 30) - 13,
                (1 << 30) - 12,
                (1 << 30) - 11,
                Integer.MAX_VALUE
            })
    void aLengthFieldIsNotBelievedBeforeItIsVerified(int length) throws IOException {
        try (PartitionLog log = open(LogSettings.DEFAULT)) {
            log.append(batchOfSize(200, 1), 1);
            log.append(batchOfSize(5000, 1), 1);
            log.advanceHighWatermark(2);
            try (DiskFile file = disk.open(FIRST)) {
                file.write(ByteBuffer.allocate(4).putInt(0, length), 8);
            }
            try (RecordReader reader = log.reader(0)) {
                long before = allocatedBytes();
                assertThatThrownBy(() -> reader.fill(Long.MAX_VALUE, 100))
                        .isInstanceOf(CorruptLogException.class)
                        .hasMessageContaining(FIRST.toString())
                        .hasMessageContaining("byte 0");
                assertThat(allocatedBytes() - before).isLessThan(20_000_000);
            }
            assertThatThrownBy(() -> log.verify((done, total) -> true)).isInstanceOf(CorruptLogException.class);
        }
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void recordsThatFitTheirChecksumAndAreNoneAreReportedAndNeverReadOutOfBounds() throws IOException {
        int reported = 0;
        int delivered = 0;
        for (int seed = 0; seed < 3000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Compression compression = Compression.values()[random.nextInt(3)];
            ByteBuffer batch = batch(compression, Samples.randomList(random, random.nextInt(1, 6), 1, 40));
            byte[] bytes = batch.array();
            int size = batch.remaining();
            for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
                bytes[random.nextInt(61, size)] = (byte) random.nextInt(256);
            }
            CRC32C crc = new CRC32C();
            crc.update(bytes, 21, size - 21);
            batch.putInt(17, (int) crc.getValue());
            SimulatedDisk own = new SimulatedDisk(seed);
            try (PartitionLog log = new LogStore(own).open(FOLDER, LogSettings.DEFAULT, null)) {
                log.append(batch, 1);
                log.advanceHighWatermark(log.nextOffset());
                readAll(log, 0);
                delivered++;
            } catch (CorruptLogException e) {
                assertThat(e).as("seed %d", seed).hasMessageContaining(FIRST.toString());
                reported++;
            } catch (UncheckedIOException e) {
                assertThat(e.getCause()).as("seed %d", seed).isInstanceOf(CorruptLogException.class);
                reported++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed %d".formatted(seed), e);
            }
        }
        assertThat(reported).isGreaterThan(500);
        assertThat(delivered).isGreaterThan(100);
    }

    @Test
    void anIndexThatDoesNotFitIsRebuiltWhileReading() throws IOException {
        LogSettings settings = new LogSettings(3000, 300);
        try (PartitionLog log = open(settings)) {
            for (int count = 0; count < 60; count++) {
                log.append(batchOfSize(200, count), 1);
            }
            log.flush();
        }
        try (PartitionLog log = open(settings)) {
            log.flush();
            for (PartitionLog.Segment segment : log.segments()) {
                Path index = FOLDER.resolve("%020d.index".formatted(segment.firstOffset()));
                if (disk.exists(index)) {
                    disk.flipBit(index, 400);
                }
            }
            for (int from = 0; from < 60; from += 7) {
                assertThat(readAll(log, from)).hasSize(60 - from);
                assertThat(log.offsetAtTime(from)).isEqualTo(from);
            }
        }
    }
}
