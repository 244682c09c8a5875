package io.millrace.client.producer;

import io.millrace.client.MillraceException;
import io.millrace.client.ProducerSettings.WhenFull;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Bytes of records that are not acknowledged, over all topics of one producer.
///
/// A record larger than the whole budget is let in when nothing else is, so that it meets the server's limit
/// and not a wall.
final class MemoryBudget {
    private final long bytesMax;
    private final WhenFull whenFull;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    private long usedBytes; // guarded by lock; usedBytes <= bytesMax, or one record alone
    private volatile int waiting;

    MemoryBudget(long bytesMax, WhenFull whenFull) {
        this.bytesMax = bytesMax;
        this.whenFull = whenFull;
    }

    void acquire(long bytes) {
        lock.lock();
        try {
            while (usedBytes > 0 && usedBytes + bytes > bytesMax) {
                switch (whenFull) {
                    case FAIL ->
                        throw new MillraceException(
                                MillraceException.BUFFER_FULL,
                                "The producer's memory of " + bytesMax + " bytes is full with " + usedBytes
                                        + " bytes that are not acknowledged; slow down, or wait for acknowledgements",
                                null);
                    case BLOCK -> await();
                }
            }
            usedBytes += bytes;
        } finally {
            lock.unlock();
        }
    }

    private void await() {
        waiting++;
        try {
            released.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new MillraceException(
                    MillraceException.INTERRUPTED, "interrupted while waiting for the producer's memory", interrupted);
        } finally {
            waiting--;
        }
    }

    void release(long bytes) {
        lock.lock();
        try {
            usedBytes -= bytes;
            released.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Somebody waits for memory, so lingering would only make it worse.
    boolean isContended() {
        return waiting > 0;
    }
}
