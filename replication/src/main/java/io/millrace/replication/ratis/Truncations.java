package io.millrace.replication.ratis;

import java.util.concurrent.CompletableFuture;
import org.apache.ratis.statemachine.StateMachine;

/// Whether the flush index of a division's log can be believed.
///
/// A log that is truncated shows its new entries at once, while the worker that writes files has still to cut them:
/// until then its flush index is that of the entries which go. Ratis tells here when it decides to truncate, under
/// the lock of the log, and asks for the answer when the worker does it; the next flush comes after the index was
/// corrected.
///
/// Threading: any.
final class Truncations implements StateMachine.DataApi {
    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);

    private int pending;
    private long unsureFrom = Long.MAX_VALUE;

    @Override
    public synchronized CompletableFuture<Void> truncate(long index) {
        pending++;
        unsureFrom = Math.min(unsureFrom, index);
        return new Execution();
    }

    @Override
    public synchronized CompletableFuture<Void> flush(long index) {
        if (pending == 0) {
            unsureFrom = Long.MAX_VALUE;
        }
        return DONE;
    }

    /// Whether the flush index, read after this, tells the truth about an entry that is in the log.
    synchronized boolean areOver(long index) {
        return index < unsureFrom;
    }

    private synchronized void executed() {
        pending--;
    }

    /// Done from the start; the worker gets it when it has cut the files.
    private final class Execution extends CompletableFuture<Void> {
        private boolean gotten; // by the worker alone

        Execution() {
            complete(null);
        }

        @Override
        public Void get() throws InterruptedException, java.util.concurrent.ExecutionException {
            if (!gotten) {
                gotten = true;
                executed();
            }
            return super.get();
        }
    }
}
