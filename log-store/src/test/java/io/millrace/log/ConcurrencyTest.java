package io.millrace.log;

import static io.millrace.log.Samples.batch;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.Samples.Sample;
import io.millrace.log.disk.LocalDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// One writer that appends, rolls and deletes, one thread that flushes, several that read: nobody sees anything
/// but the records in order.
@Timeout(60)
class ConcurrencyTest {
    private static final LogSettings SETTINGS = new LogSettings(20_000, 500);
    private static final long RECORDS = 60_000;

    @TempDir
    Path folder;

    @Test
    void readersSeeEveryRecordInOrderWhileTheWriterAppendsRollsAndDeletes() throws Exception {
        AtomicLong durable = new AtomicLong();
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder, SETTINGS, null);
                ExecutorService threads = Executors.newFixedThreadPool(5)) {
            List<Future<Long>> running = new ArrayList<>();
            running.add(threads.submit(() -> write(log)));
            running.add(threads.submit(() -> flush(log, durable)));
            for (int reader = 0; reader < 2; reader++) {
                int seed = reader;
                running.add(threads.submit(() -> read(log, seed)));
            }
            running.add(threads.submit(seeker(log)));
            for (Future<Long> each : running) {
                try {
                    assertThat(each.get()).isPositive();
                } catch (ExecutionException e) {
                    threads.shutdownNow();
                    throw e;
                }
            }
            assertThat(log.flush().nextOffset()).isEqualTo(RECORDS);
            assertThat(durable.get()).isPositive();
            log.verify((done, total) -> true);
        }
        try (PartitionLog log = new LogStore(new LocalDisk()).open(folder, SETTINGS, null)) {
            assertThat(log.nextOffset()).isEqualTo(RECORDS);
        }
    }

    /// Key and timestamp of each record are its offset.
    private static long write(PartitionLog log) throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        while (log.nextOffset() < RECORDS) {
            int count = (int) Math.min(random.nextInt(1, 30), RECORDS - log.nextOffset());
            List<Sample> samples = new ArrayList<>();
            for (int index = 0; index < count; index++) {
                long offset = log.nextOffset() + index;
                samples.add(new Sample(offset, key(offset), new byte[random.nextInt(60)], List.of()));
            }
            Compression compression = random.nextInt(10) == 0 ? Compression.ZSTD : Compression.NONE;
            log.append(batch(compression, samples), 1);
            log.advanceHighWatermark(log.nextOffset() - random.nextInt(3));
            if (random.nextInt(200) == 0 && log.nextOffset() > 10_000) {
                log.raiseEarliest(Math.min(log.nextOffset() - 10_000, log.highWatermark()));
            }
        }
        log.advanceHighWatermark(RECORDS);
        return log.nextOffset();
    }

    private static byte[] key(long offset) {
        return ByteBuffer.allocate(8).putLong(offset).array();
    }

    private static long flush(PartitionLog log, AtomicLong durable) throws IOException {
        LogEnd end = log.end();
        while (log.highWatermark() < RECORDS) {
            LogEnd flushed = log.flush();
            assertThat(flushed.nextOffset()).isGreaterThanOrEqualTo(end.nextOffset());
            assertThat(flushed.positionBytes()).isGreaterThanOrEqualTo(0);
            end = flushed;
            durable.set(end.nextOffset());
        }
        return RECORDS;
    }

    private static long read(PartitionLog log, int seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        long read = 0;
        long next = 0;
        while (next < RECORDS) {
            long from = Math.max(next, log.earliestOffset());
            try (RecordReader reader = log.reader(from)) {
                next = from;
                // now and then a new reader, else the same one at the tail
                for (int fills = random.nextInt(1, 400); fills > 0 && next < RECORDS; fills--) {
                    if (!reader.fill(Long.MAX_VALUE, random.nextInt(1, 30_000))) {
                        Thread.onSpinWait();
                    }
                    while (reader.next()) {
                        assertThat(reader.offset()).isEqualTo(next);
                        assertThat(reader.timestampMs()).isEqualTo(next);
                        assertThat(ByteBuffer.wrap(reader.bytes()).getLong(reader.keyStart()))
                                .isEqualTo(next);
                        next++;
                        read++;
                    }
                    assertThat(reader.position()).isEqualTo(next);
                    assertThat(next).isLessThanOrEqualTo(log.highWatermark());
                }
            } catch (OffsetOutOfRangeException retention) {
                assertThat(retention.earliestOffset()).isGreaterThan(next);
                next = retention.earliestOffset();
            }
        }
        return read;
    }

    private static Callable<Long> seeker(PartitionLog log) {
        return () -> {
            SplittableRandom random = new SplittableRandom(9);
            long found = 1;
            while (log.highWatermark() < RECORDS) {
                long visible = log.highWatermark();
                long time = random.nextLong(visible + 100);
                long offset = log.offsetAtTime(time);
                // the timestamp is the offset; what is before the earliest is found there
                assertThat(offset).isLessThanOrEqualTo(Math.max(log.highWatermark(), time));
                if (time < visible && time >= log.earliestOffset()) {
                    assertThat(offset).isEqualTo(time);
                    found++;
                }
            }
            return found;
        };
    }
}
