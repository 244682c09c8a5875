package io.millrace.http.server;

import java.util.concurrent.atomic.AtomicLong;

/// Bytes that requests may hold together. What does not fit is refused before it is read.
///
/// Threading: any thread.
final class Budget {
    private final long max;
    private final AtomicLong used = new AtomicLong();

    Budget(long max) {
        this.max = max;
    }

    boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > max) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /// Counts bytes that exist already, over the limit if need be: then others are refused.
    void charge(long bytes) {
        used.addAndGet(bytes);
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }

    long max() {
        return max;
    }
}
