package io.millrace.query;

import java.util.concurrent.CompletableFuture;

/// A statement that was started.
public interface RunningStatement {
    String id();

    /// Ends it soon; the listener hears nothing after `done` has completed.
    void cancel();

    /// Completes after the listener's last call.
    CompletableFuture<Void> done();
}
