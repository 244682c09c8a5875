package io.millrace.replication.snapshot;

import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Holds a stream of bytes down to a rate. What was not used is not saved up, but for a tenth of a second.
///
/// Threading: one thread.
public final class Throttle {
    private static final long SAVED_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final long bytesPerSecond;
    private final BooleanSupplier stopped;
    private long freeAtNanos;

    /// @param stopped asked while it waits
    public Throttle(long bytesPerSecond, BooleanSupplier stopped) {
        if (bytesPerSecond < 1) {
            throw new IllegalArgumentException("a rate is at least 1 byte a second, not " + bytesPerSecond);
        }
        this.bytesPerSecond = bytesPerSecond;
        this.stopped = stopped;
        this.freeAtNanos = System.nanoTime();
    }

    /// Waits until `bytes` more may pass.
    ///
    /// @throws InterruptedIOException stopped meanwhile
    public void pass(long bytes) throws InterruptedIOException {
        long now = System.nanoTime();
        while (now - freeAtNanos < 0) {
            if (stopped.getAsBoolean()) {
                throw stopped();
            }
            LockSupport.parkNanos(this, Math.min(NAP_NANOS, freeAtNanos - now));
            now = System.nanoTime();
        }
        if (stopped.getAsBoolean()) {
            throw stopped();
        }
        long from = Math.max(freeAtNanos, now - SAVED_NANOS);
        freeAtNanos = from + (long) (bytes * (1e9 / bytesPerSecond));
    }

    private static InterruptedIOException stopped() {
        return new InterruptedIOException("stopped");
    }
}
