package io.millrace.replication.partition;

import io.millrace.replication.ReplicationSettings;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// When a group's state is made durable, and how: first most of it beside the applying thread, then the rest on it, so
/// that the consensus log can be dropped up to there.
///
/// Threading: any; snapshots are asked for by housekeeping and by copies, one is taken at a time.
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final int BYTES_FACTOR_WHILE_COPIED = 4;
    private static final long RETRY_NANOS = 5_000_000_000L;

    private final ReplicationSettings settings;
    private final GroupState state;
    private final Consensus consensus;
    private final GroupEvents events;
    private final IntSupplier copies;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable String problem;
    private volatile long count;
    private volatile long lastNanos;

    /// @param copies how many are open, whose continuation a snapshot would purge
    Snapshots(
            ReplicationSettings settings,
            GroupState state,
            Consensus consensus,
            GroupEvents events,
            IntSupplier copies) {
        this.settings = settings;
        this.state = state;
        this.consensus = consensus;
        this.events = events;
        this.copies = copies;
    }

    /// Why the last one failed; null when it did not.
    @Nullable
    String problem() {
        return problem;
    }

    long count() {
        return count;
    }

    double lastSeconds() {
        return lastNanos / 1e9;
    }

    boolean isDue(long sinceLastNanos, boolean diskFull) {
        boolean large = state.bytesSinceSnapshot() >= settings.snapshotBytes();
        if (copies.getAsInt() > 0
                && !diskFull
                && state.bytesSinceSnapshot() < BYTES_FACTOR_WHILE_COPIED * settings.snapshotBytes()) {
            return false; // it would purge the entries that continue the copy
        }
        return state.manifestOutdated()
                && (sinceLastNanos >= settings.snapshotInterval().toNanos()
                        || ((diskFull || large) && sinceLastNanos >= (problem == null && !diskFull ? 0 : RETRY_NANOS)));
    }

    /// Makes what was applied durable and lets the consensus log shrink. Waits for it.
    ///
    /// @return whether it worked
    boolean take() {
        lock.lock();
        try {
            return flushed() && taken();
        } finally {
            lock.unlock();
        }
    }

    /// Something during which none is taken.
    interface Work {
        void run() throws IOException;
    }

    void hold(Work work) throws IOException {
        lock.lock();
        try {
            work.run();
        } finally {
            lock.unlock();
        }
    }

    /// A partition log whose fsync failed takes nothing more, so trying again would fail for ever.
    private boolean flushed() {
        try {
            state.flushDirty();
            return true;
        } catch (IOException e) {
            state.logFailed("the partition logs could not be made durable", e);
            problem = "the last snapshot failed: " + e;
            return false;
        }
    }

    private boolean taken() {
        long began = System.nanoTime();
        int postponed = state.snapshotsPostponed();
        try {
            await(consensus.snapshot());
            if (state.snapshotsPostponed() != postponed) {
                problem = "the last snapshot failed and is tried again: its manifest could not be written";
                return false;
            }
            problem = null;
            count++;
            lastNanos = System.nanoTime() - began;
            return true;
        } catch (ExecutionException | TimeoutException e) {
            problem = "the last snapshot failed and is tried again: " + e;
            LOG.atWarn().setCause(e).log("snapshot failed; it is tried again");
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /// Does not go on waiting when the log has failed meanwhile: nobody would complete the snapshot then.
    private void await(CompletableFuture<Long> snapshot)
            throws ExecutionException, InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + settings.requestTimeout().toNanos();
        while (!snapshot.isDone()
                && events.failure() == null
                && consensus.stopped() == null
                && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        snapshot.get(0, TimeUnit.NANOSECONDS);
    }
}
