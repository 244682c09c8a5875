package io.millrace.http.route;

import org.jspecify.annotations.Nullable;

/// Something to be done on a connection's event loop. Links itself into the loop's queue: no node is allocated,
/// and one wake-up serves all tasks that gathered meanwhile.
///
/// A task may be in one queue at a time.
public abstract class LoopTask {
    @Nullable
    LoopTask next;

    /// For the queue alone.
    public final @Nullable LoopTask next() {
        return next;
    }

    /// For the queue alone.
    public final void next(@Nullable LoopTask task) {
        next = task;
    }

    public abstract void run();
}
