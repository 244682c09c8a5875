package io.millrace.query.worker;

import io.millrace.query.Frontier;
import io.millrace.query.QueryInfo;
import io.millrace.query.RunningStatement;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.Circuit;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A query on a thread of its own: what all kinds have in common. Subclasses say in [#work] what it does.
abstract class QueryTask implements RunningStatement {
    /// Deeply nested expressions are compiled by recursion. Only what is used of it takes memory.
    private static final long STACK_BYTES = 16 << 20;
    private static final long INPUT_POLL_MS = 100; // should a change not be told

    private final String id;
    private final String sql;
    private final @Nullable String output;
    private final Runnable ended;
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean woken; // guarded by lock
    private boolean paused; // guarded by lock
    private volatile boolean cancelled;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile @Nullable Execution execution;
    private volatile @Nullable RowFailures rowFailures;
    private volatile @Nullable String failure;
    private volatile String activity = "running";
    private volatile @Nullable String waitingFor;

    /// @param output topic it writes, null for none
    /// @param ended called once, when the task is over and did not fail
    QueryTask(String id, String sql, @Nullable String output, Runnable ended) {
        this.id = id;
        this.sql = sql;
        this.output = output;
        this.ended = ended;
    }

    /// Does the work; returns when it is complete or [#isCancelled].
    abstract void work() throws IOException, InterruptedException;

    /// The work has failed: tell whoever waits for it.
    abstract void report(SqlException failure);

    final void start() {
        Thread.ofPlatform().daemon().name("query-" + id).stackSize(STACK_BYTES).start(this::run);
    }

    private void run() {
        boolean keep = false;
        try {
            work();
        } catch (Throwable cause) { // whatever a query does wrong must not take the node along
            boolean stopped = cancelled || cause instanceof InterruptedException;
            SqlException told = stopped
                    ? new SqlException("query_cancelled", "The query was cancelled.")
                    : Failures.toSqlException(cause);
            if (!stopped) {
                failure = told.getMessage();
                keep = output != null;
            }
            tell(told);
        } finally {
            Execution last = execution;
            if (last != null) {
                try {
                    last.close();
                } catch (IOException | RuntimeException closing) {
                    Failures.logClosing(id, closing);
                }
            }
            if (!keep || cancelled) { // cancel() sees the failure, or we see that it was called
                endOnce();
            }
            done.complete(null);
        }
    }

    private void tell(SqlException told) {
        try {
            report(told);
        } catch (RuntimeException listener) {
            Failures.logTelling(id, listener);
        }
    }

    /// Makes the counters of `running` visible; it is closed when the task ends.
    final void watch(Execution running) {
        execution = running;
    }

    /// The same, with the rows that `rows` has left out.
    final void watch(Execution running, RowFailures rows) {
        execution = running;
        rowFailures = rows;
    }

    final boolean isCancelled() {
        return cancelled;
    }

    /// Tells the task that there may be something to do.
    final void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until [#wake] was called since the last time, or for `waitMs`; and as long as the task is paused.
    final void awaitWake(long waitMs) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(waitMs);
            while (!cancelled && (paused || (!woken && left > 0))) {
                if (paused) {
                    changed.await();
                } else {
                    left = changed.awaitNanos(left);
                }
            }
            woken = false;
        } finally {
            lock.unlock();
        }
    }

    /// Waits until what the query reads is there up to `wanted`; topics that it does not read do not count.
    ///
    /// @return false when that took longer than `timeoutMs`; true also when the task was cancelled
    final boolean awaitInput(Execution running, Frontier wanted, long timeoutMs) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (!cancelled && !running.canRead(wanted)) {
            long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMs <= 0) {
                return false;
            }
            awaitWake(Math.min(leftMs, INPUT_POLL_MS));
        }
        return true;
    }

    /// Waits for `waitMs`, whatever is told meanwhile.
    ///
    /// @return false when the task was cancelled
    final boolean awaitCancel(long waitMs) throws InterruptedException {
        lock.lock();
        try {
            long left = TimeUnit.MILLISECONDS.toNanos(waitMs);
            while (!cancelled && left > 0) {
                left = changed.awaitNanos(left);
            }
            return !cancelled;
        } finally {
            lock.unlock();
        }
    }

    /// What the task does, in a word.
    final void activity(String word) {
        activity = word;
    }

    /// What it waits for, in words for its user; null when it does not wait.
    final void waitingFor(@Nullable String what) {
        waitingFor = what;
    }

    final void setPaused(boolean wanted) {
        lock.lock();
        try {
            paused = wanted;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    final boolean isPaused() {
        lock.lock();
        try {
            return paused;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public final String id() {
        return id;
    }

    final String sql() {
        return sql;
    }

    final @Nullable String output() {
        return output;
    }

    @Override
    public final void cancel() {
        cancelled = true;
        wake();
        if (failure != null) {
            endOnce(); // it failed before and was kept for its message
        }
    }

    private void endOnce() {
        if (over.compareAndSet(false, true)) {
            ended.run();
        }
    }

    @Override
    public final CompletableFuture<Void> done() {
        return done;
    }

    final QueryInfo info() {
        Execution now = execution;
        RowFailures leftOut = rowFailures;
        String why = failure;
        String waiting = waitingFor;
        String state =
                why != null ? "failed" : isPaused() ? "paused" : waiting != null ? "waiting: " + waiting : activity;
        if (now == null) {
            return new QueryInfo(
                    id, sql, output, state, why, Frontier.EMPTY, 0, Long.MIN_VALUE, 0, 0, 0, 0, 0, List.of());
        }
        return new QueryInfo(
                id,
                sql,
                output,
                state,
                why,
                now.frontier(),
                now.lag(),
                now.watermarkMs(),
                now.rowsIn(),
                now.rowsOut(),
                now.lateRows(),
                now.badRows() + (leftOut == null ? 0 : leftOut.count()),
                now.stateBytes(),
                now.report().stream().map(QueryTask::describe).toList());
    }

    static String describe(Circuit.OperatorReport report) {
        return "%2d %-28s in %,d  out %,d  state %,d rows, %,d bytes  %,d ms"
                .formatted(
                        report.id(),
                        report.operator(),
                        report.rowsIn(),
                        report.rowsOut(),
                        report.stateRows(),
                        report.stateBytes(),
                        report.nanos() / 1_000_000);
    }
}
