package io.millrace.replication.partition;

import io.millrace.log.CorruptLogException;
import io.millrace.log.PartitionLog;
import io.millrace.replication.snapshot.Throttle;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads every batch of every partition slowly, over and over, and compares checksums: bit rot is found while
/// the other replicas still have the records. Damage is reported by the logs themselves.
///
/// A pass begins a minute after the start, and not earlier than a day after the one before began.
///
/// Threading: a thread of its own.
final class Scrubber implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);
    private static final long FIRST_PASS_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long PASS_INTERVAL_NANOS = TimeUnit.DAYS.toNanos(1);

    private final Supplier<List<PartitionReplica>> replicas;
    private final Throttle throttle;
    private final Thread thread;
    private final LongAdder bytes = new LongAdder();
    private final LongAdder passes = new LongAdder();
    private final LongAdder damaged = new LongAdder();
    private volatile long lastPassNanos;
    private volatile boolean closing;

    Scrubber(int group, Supplier<List<PartitionReplica>> replicas, long bytesPerSecond) {
        this.replicas = replicas;
        this.throttle = new Throttle(bytesPerSecond, () -> closing);
        this.thread = new Thread(this::work, "replication-scrub-" + group);
        this.thread.setDaemon(true);
        this.thread.setPriority(Thread.MIN_PRIORITY);
    }

    void start() {
        thread.start();
    }

    private void work() {
        long next = System.nanoTime() + FIRST_PASS_NANOS;
        while (awaitTime(next)) {
            long began = System.nanoTime();
            next = began + PASS_INTERVAL_NANOS;
            try {
                pass();
            } catch (InterruptedIOException stopped) {
                return;
            }
            lastPassNanos = System.nanoTime() - began;
        }
    }

    private synchronized boolean awaitTime(long atNanos) {
        while (!closing) {
            long left = atNanos - System.nanoTime();
            if (left <= 0) {
                return true;
            }
            try {
                wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
            } catch (InterruptedException e) {
                return false;
            }
        }
        return false;
    }

    /// One pass over everything that is written now.
    ///
    /// @return partitions that are damaged
    /// @throws InterruptedIOException closed meanwhile
    int pass() throws InterruptedIOException {
        int found = 0;
        for (PartitionReplica replica : replicas.get()) {
            if (!replica.isWritten()) {
                continue;
            }
            try {
                verify(replica.log());
            } catch (CorruptLogException e) {
                found++;
                damaged.increment();
                LOG.atError().setCause(e).addKeyValue("partition", replica.name).log("bit rot found");
            } catch (InterruptedIOException stopped) {
                throw stopped;
            } catch (IOException e) {
                // deleted, or replaced by a copy, under the scrubber's eyes; the next pass reads what is there
                // then
                LOG.atInfo().addKeyValue("partition", replica.name).log("partition was not scrubbed: {}", e.toString());
            }
        }
        passes.increment();
        return found;
    }

    private void verify(PartitionLog log) throws IOException {
        long[] before = {0};
        try {
            log.verify((done, total) -> {
                long piece = done - before[0];
                before[0] = done;
                bytes.add(piece);
                try {
                    throttle.pass(piece);
                } catch (InterruptedIOException stopped) {
                    throw new UncheckedIOException(stopped);
                }
                return true;
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    long bytes() {
        return bytes.sum();
    }

    long passes() {
        return passes.sum();
    }

    long damaged() {
        return damaged.sum();
    }

    double lastPassSeconds() {
        return lastPassNanos / 1e9;
    }

    @Override
    public void close() {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        Threads.awaitEnd(thread);
    }
}
