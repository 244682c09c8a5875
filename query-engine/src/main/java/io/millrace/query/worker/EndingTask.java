package io.millrace.query.worker;

import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.ResultListener;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.sql.PlannedStatement.Query;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A query that ends: the same operators as a continuous one, over what was there when it started.
final class EndingTask extends QueryTask {
    private static final long WAIT_FOR_TIMEOUT_MS = 30_000;
    private static final long PRUNE_ROWS = 65_536; // rows beyond the wanted ones before they are sorted out

    private final Query query;
    private final Session session;
    private final Parts parts;
    private final InputPort inputs;
    private final EngineSettings settings;
    private final Sink sink;

    EndingTask(
            String id,
            String sql,
            Query query,
            Session session,
            Parts parts,
            InputPort inputs,
            EngineSettings settings,
            Sink sink,
            Runnable ended) {
        super(id, sql, null, ended);
        this.query = query;
        this.session = session;
        this.parts = parts;
        this.inputs = inputs;
        this.settings = settings;
        this.sink = sink;
    }

    @Override
    void work() throws IOException, InterruptedException {
        Execution execution = new Execution(query.plan(), parts, inputs, RowFailures::refuse);
        watch(execution);
        Frontier limit = limit(execution);
        sink.begin(query);
        Integral answer = new Integral(query.plan().schema());
        boolean anyOrder = query.order().isEmpty();
        boolean prunable = query.fetch() >= 0 && execution.appendOnly(); // a row that is out of it stays out
        long wanted = query.fetch() < 0 ? Long.MAX_VALUE : saturated(query.offset(), query.fetch());
        long arrived = 0;
        boolean enough = false;
        boolean first = true; // a plan of constants, or an aggregate over nothing, answers without input
        while (!isCancelled() && !enough && (first || !execution.frontier().includes(limit))) {
            Frontier before = execution.frontier();
            Batch changes = execution.step(limit, settings.stepRowsMax());
            answer.add(changes);
            for (int row = 0; row < changes.count(); row++) {
                arrived += changes.weight(row);
            }
            enough = anyOrder && prunable && arrived >= wanted;
            if (!anyOrder && prunable && answer.count() > saturated(wanted, PRUNE_ROWS)) {
                answer = first(answer, wanted);
            }
            if (!enough && answer.count() > settings.resultRowsMax()) {
                throw new SqlException(
                        "result_too_large",
                        "The answer has more than %,d rows, which is the limit of a query that ends."
                                .formatted(settings.resultRowsMax()),
                        0,
                        0,
                        "Add WHERE or LIMIT, or read it as a stream with EMIT CHANGES.");
            }
            if (!first && execution.frontier().equals(before)) {
                break; // the rest up to the limit are records that carry no rows
            }
            first = false;
        }
        if (isCancelled()) {
            sink.fail(new SqlException("query_cancelled", "The query was cancelled."));
            return;
        }
        for (Batch batch : Presentation.arrange(answer.rows(), query.order(), query.offset(), query.fetch())) {
            sink.rows(batch.cut(query.schema()));
        }
        sink.end(execution);
    }

    /// Only the first rows of an answer that grows: ORDER BY with LIMIT over a long history must not hold it all.
    private Integral first(Integral answer, long count) {
        Integral kept = new Integral(query.plan().schema());
        Presentation.arrange(answer.rows(), query.order(), 0, count).forEach(kept::add);
        return kept;
    }

    private static long saturated(long left, long right) {
        return left > Long.MAX_VALUE - right ? Long.MAX_VALUE : left + right;
    }

    /// Where to stop: what is there now, the frontier of AS OF, and never before what the client wants to see.
    private Frontier limit(Execution execution) throws InterruptedException {
        @Nullable Frontier wanted = query.asOf() == null ? session.waitFor() : Frontier.parse(query.asOf());
        if (wanted != null && !awaitInput(execution, wanted, WAIT_FOR_TIMEOUT_MS)) {
            throw new SqlException(
                    "frontier_not_reached",
                    "The log did not reach " + wanted + " within " + WAIT_FOR_TIMEOUT_MS / 1000 + " s; it is at "
                            + execution.end() + ".");
        }
        return query.asOf() == null ? execution.end() : Frontier.parse(query.asOf());
    }

    @Override
    void report(SqlException failure) {
        sink.fail(failure);
    }

    /// Where the answer goes.
    interface Sink {
        void begin(Query query);

        void rows(Batch rows) throws IOException, InterruptedException;

        void end(Execution execution) throws IOException, InterruptedException;

        void fail(SqlException failure);
    }

    /// Delivers to a client.
    static Sink to(ResultListener listener) {
        return new Sink() {
            @Override
            public void begin(Query query) {
                listener.columns(query.schema(), query.notices());
            }

            @Override
            public void rows(Batch rows) {
                listener.rows(rows);
            }

            @Override
            public void end(Execution execution) {
                listener.complete(execution.frontier(), "SELECT");
            }

            @Override
            public void fail(SqlException failure) {
                listener.failed(failure);
            }
        };
    }

    /// Runs the query for its operators' figures alone.
    static Sink analyze(ResultListener listener, Consumer<Execution> report) {
        return new Sink() {
            @Override
            public void begin(Query query) {}

            @Override
            public void rows(Batch rows) {}

            @Override
            public void end(Execution execution) {
                report.accept(execution);
            }

            @Override
            public void fail(SqlException failure) {
                listener.failed(failure);
            }
        };
    }
}
