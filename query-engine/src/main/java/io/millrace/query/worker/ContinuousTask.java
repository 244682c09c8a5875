package io.millrace.query.worker;

import io.millrace.query.Changelog;
import io.millrace.query.Changelog.Style;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.ResultListener;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.operator.FailedRows;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.sql.PlannedStatement.Query;
import io.millrace.query.sql.UniqueKeys;
import java.io.IOException;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/// A query that goes on for ever and pushes the changes of its answer to a listener.
///
/// While it catches up with what was there, and between two emissions of EMIT EVERY, changes are summed, so
/// that rows which come and go are never sent.
final class ContinuousTask extends QueryTask {
    private static final long PROGRESS_INTERVAL_NANOS = 500_000_000L;
    private static final long CATCH_UP_INTERVAL_NANOS = 250_000_000L;
    private static final long RESUME_TIMEOUT_MS = 5000;
    private static final int HELD_ROWS_MAX = 65_536;

    private final Query query;
    private final Session session;
    private final Parts parts;
    private final InputPort inputs;
    private final OutputPort outputs;
    private final EngineSettings settings;
    private final ResultListener listener;
    private final FailedRows failed = new FailedRows();

    ContinuousTask(
            String id,
            String sql,
            Query query,
            Session session,
            Parts parts,
            InputPort inputs,
            OutputPort outputs,
            EngineSettings settings,
            ResultListener listener,
            Runnable ended) {
        super(id, sql, null, ended);
        this.query = query;
        this.session = session;
        this.parts = parts;
        this.inputs = inputs;
        this.outputs = outputs;
        this.settings = settings;
        this.listener = listener;
    }

    @Override
    void work() throws IOException, InterruptedException {
        RowFailures failures = RowFailures.gathering(session, failed);
        Execution execution = new Execution(query.plan(), parts, inputs, failures);
        watch(execution, failures);
        listener.changelog(changelog(execution.appendOnly()));
        listener.columns(query.schema(), query.notices());
        Frontier resumed = Objects.requireNonNullElse(session.from(), Frontier.EMPTY);
        if (!resumed.equals(Frontier.EMPTY)) {
            skipTo(execution, resumed);
        }
        Frontier start = execution.end();
        Emission emission = new Emission(execution, resumed);
        IdlePartitions idle =
                new IdlePartitions(execution.feeds(), inputs, outputs, settings.idleTimeoutMs(), System.nanoTime());
        boolean first = true;
        while (!isCancelled()) {
            Frontier before = execution.frontier();
            Frontier end = execution.end();
            boolean behind = !before.includes(end);
            if (behind || first) {
                emission.add(execution.step(end, settings.stepRowsMax()), failed.rows());
                failed.clear();
            }
            first = false;
            boolean catchingUp = !execution.frontier().includes(start);
            emission.emitIfDue(catchingUp);
            boolean stuck = execution.frontier().equals(before);
            idle.mark(System.nanoTime()); // also while it is behind: the busy partitions must not wait for the idle
            if (!behind || stuck) {
                awaitWake(emission.waitMs());
            } else if (!catchingUp && execution.frontier().includes(execution.end())) {
                awaitPause();
            }
            if (isPaused()) {
                awaitWake(0);
            }
        }
        listener.complete(emission.emitted, "cancelled"); // what is held back was not delivered
    }

    /// Without a key, equal rows could not be told from each other: then a row can be added by UPSERT, but not be
    /// taken away.
    private Changelog changelog(boolean appendOnly) {
        Style style = Style.valueOf(
                session.settings().getOrDefault("changelog", "weights").toUpperCase(Locale.ROOT));
        Optional<int[]> key = style == Style.WEIGHTS ? Optional.empty() : UniqueKeys.of(query.plan());
        if (style == Style.UPSERT && key.isEmpty()) {
            if (!appendOnly) {
                throw new SqlException(
                        "changelog_needs_key",
                        "The changes of this query cannot be told as 'upsert': its rows have no key, and some are taken"
                                + " back.",
                        0,
                        0,
                        "Select the columns of GROUP BY or of the primary key too, or SET changelog = 'debezium' or"
                                + " 'weights'.");
            }
            key = Optional.of(IntStream.range(0, query.schema().size()).toArray());
        }
        return new Changelog(style, key.orElse(new int[0]));
    }

    /// A short wait even when a record has come, so that a step has more than one.
    private void awaitPause() throws InterruptedException {
        long until = System.nanoTime() + settings.stepPauseMs() * 1_000_000;
        while (!isCancelled() && System.nanoTime() < until) {
            java.util.concurrent.locks.LockSupport.parkNanos(until - System.nanoTime());
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
    }

    /// Rebuilds the state behind `resumed` without sending what was sent already.
    private void skipTo(Execution execution, Frontier resumed) throws IOException, InterruptedException {
        if (!awaitInput(execution, resumed, RESUME_TIMEOUT_MS)) { // this replica may be behind the one before
            throw new SqlException(
                    "frontier_not_reached",
                    "Cannot resume from " + resumed + ": the log ends at " + execution.end() + ".",
                    0,
                    0,
                    "Was the topic deleted and made again? Start without Last-Event-ID.");
        }
        Frontier before;
        do {
            before = execution.frontier();
            execution.step(resumed, settings.stepRowsMax());
            failed.clear(); // they were told before
        } while (!isCancelled()
                && !execution.frontier().includes(resumed)
                && !execution.frontier().equals(before));
    }

    @Override
    void report(SqlException failure) {
        listener.failed(failure);
    }

    /// Decides when held changes go out.
    private final class Emission {
        private final Execution execution;
        private final Integral held = new Integral(query.schema());
        private final Batch out = new Batch(query.schema());
        private final Integral heldFailures = new Integral(PlanNode.FAILED);
        private final Batch failuresOut = new Batch(PlanNode.FAILED);
        private final long everyNanos = query.emit().everyMs() * 1_000_000;
        private final long delayNanos = query.emit().delayMs() * 1_000_000;
        private long lastEmission = System.nanoTime() - Math.max(everyNanos, CATCH_UP_INTERVAL_NANOS);
        private long lastProgress = System.nanoTime();
        private Frontier emitted; // what the listener has is the answer over the input up to here
        private long emittedWatermarkMs;
        private long heldSince; // when the first held change came; meaningless while nothing is held

        /// @param resumed frontier of the answer that the listener has already, empty when it has none
        Emission(Execution execution, Frontier resumed) {
            this.execution = execution;
            emitted = resumed;
            emittedWatermarkMs = resumed.equals(Frontier.EMPTY) ? Long.MIN_VALUE : execution.watermarkMs();
        }

        void add(Batch changes, Batch failures) {
            if (changes.count() + failures.count() > 0 && isEmpty()) {
                heldSince = System.nanoTime();
            }
            held.add(changes);
            heldFailures.add(failures);
        }

        private boolean isEmpty() {
            return held.count() == 0 && heldFailures.count() == 0;
        }

        void emitIfDue(boolean catchingUp) {
            long now = System.nanoTime();
            boolean full = held.count() > HELD_ROWS_MAX || heldFailures.count() > HELD_ROWS_MAX;
            if (!isEmpty() && (due(now, catchingUp) || full)) {
                out.clear();
                failuresOut.clear();
                held.drainTo(out);
                heldFailures.drainTo(failuresOut);
                sent(now);
                if (failuresOut.count() > 0) {
                    listener.failedRows(failuresOut, emitted);
                }
                if (out.count() > 0) {
                    listener.changes(out, emitted, emittedWatermarkMs);
                }
            }
            if (isEmpty()) {
                held.clear(); // what came and went again
                heldFailures.clear();
            }
            if (now - lastProgress >= PROGRESS_INTERVAL_NANOS) {
                if (isEmpty()) {
                    emitted = execution.frontier();
                    emittedWatermarkMs = execution.watermarkMs();
                }
                lastProgress = now;
                listener.progress(emitted, emittedWatermarkMs);
            }
        }

        private void sent(long now) {
            emitted = execution.frontier();
            emittedWatermarkMs = execution.watermarkMs();
            lastEmission = now;
        }

        private boolean due(long now, boolean catchingUp) {
            if (delayNanos > 0 && now - heldSince < delayNanos) {
                return false;
            }
            long interval = Math.max(everyNanos, catchingUp ? CATCH_UP_INTERVAL_NANOS : 0);
            return now - lastEmission >= interval;
        }

        long waitMs() {
            long now = System.nanoTime();
            long next = lastProgress + PROGRESS_INTERVAL_NANOS;
            if (!isEmpty()) {
                next = Math.min(next, Math.max(heldSince + delayNanos, lastEmission + everyNanos));
            }
            return Math.max(1, (next - now) / 1_000_000);
        }
    }
}
