package io.millrace.http.cluster;

import java.util.concurrent.locks.LockSupport;

/// So many bytes a second, for all callers together, with bursts of a tenth of a second.
///
/// Threading: any; callers wait.
final class Throttle {
    private static final long NANOS = 1_000_000_000L;
    private static final long BURST_NANOS = NANOS / 10;

    private final long bytesPerSecond;
    private long paidUntilNanos = System.nanoTime(); // guarded by this

    Throttle(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /// Waits until these bytes may go.
    void take(long bytes) {
        long until = reserve(bytes, System.nanoTime());
        for (long left = until - System.nanoTime();
                left > 0 && !Thread.currentThread().isInterrupted();
                left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /// @return when they may go
    synchronized long reserve(long bytes, long nowNanos) {
        if (paidUntilNanos - nowNanos < -BURST_NANOS) {
            paidUntilNanos = nowNanos - BURST_NANOS;
        }
        long start = paidUntilNanos;
        paidUntilNanos += (long) (bytes * (double) NANOS / bytesPerSecond);
        return start;
    }
}
