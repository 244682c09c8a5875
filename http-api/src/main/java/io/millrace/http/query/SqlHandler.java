package io.millrace.http.query;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.RunningStatement;
import io.millrace.query.SqlException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// `POST /v1/sql`: runs a request's statements one after another, on a virtual thread of its own.
final class SqlHandler {
    private final QueryEngine engine;
    private final Leadership leadership;
    private final LongAdder statements;
    private final LongAdder failures;

    SqlHandler(QueryEngine engine, Metrics metrics, Leadership leadership) {
        this.engine = engine;
        this.leadership = leadership;
        this.statements = metrics.counter("sql_statements_total", "Statements begun for clients");
        this.failures = metrics.counter("sql_failures_total", "Statements that failed");
    }

    void handle(Exchange exchange, byte[] body, int length) {
        exchange.checkTopic(""); // a statement may name any topic, so a token for some does not do
        SqlRequest request = SqlRequest.of(exchange, body, length);
        List<ParsedStatement> parsed = engine.parse(request.sql());
        if (parsed.isEmpty()) {
            throw new SqlException("empty_statement", "There is no statement in the text.");
        }
        HttpFailure elsewhere = parsed.stream().anyMatch(ParsedStatement::writes) ? leadership.refusal() : null;
        if (elsewhere != null) {
            throw elsewhere; // before the first statement, so that nothing has happened
        }
        boolean continuous = parsed.stream().anyMatch(ParsedStatement::continuous);
        ResultFormat format = ResultFormat.choose(exchange.header("Accept"), continuous);
        ResultWriter writer = new ResultWriter(exchange, format, parsed.size() > 1);
        Cancellation cancellation = new Cancellation();
        exchange.onGone(cancellation);
        for (ParsedStatement statement : parsed) {
            Throwable failure = run(statement, request, writer, cancellation);
            if (failure != null) {
                failures.increment();
                writer.finish(failure);
                return;
            }
        }
        writer.finish();
    }

    private @Nullable Throwable run(
            ParsedStatement statement, SqlRequest request, ResultWriter writer, Cancellation cancellation) {
        statements.increment();
        writer.begin();
        try {
            RunningStatement running = engine.execute(statement, request.session(), writer);
            cancellation.of(running);
            running.done().join();
        } catch (SqlException refused) {
            return refused;
        } catch (CompletionException broken) {
            return broken;
        }
        if (writer.isComplete()) {
            return null;
        }
        Throwable failure = writer.failure();
        return failure == null || cancellation.isWanted()
                ? new HttpFailure(ErrorCode.SHUTTING_DOWN, "The statement was ended before its answer was complete.")
                : failure;
    }

    /// Ends the statement that runs when the client goes.
    private static final class Cancellation implements Runnable {
        private final AtomicReference<@Nullable RunningStatement> running = new AtomicReference<>();
        private volatile boolean wanted;

        void of(RunningStatement statement) {
            running.set(statement);
            if (wanted) {
                statement.cancel();
            }
        }

        boolean isWanted() {
            return wanted;
        }

        @Override
        public void run() {
            wanted = true;
            RunningStatement statement = running.get();
            if (statement != null) {
                statement.cancel();
            }
        }
    }
}
