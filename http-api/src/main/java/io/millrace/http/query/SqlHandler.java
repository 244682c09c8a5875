package io.millrace.http.query;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Socket;
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
        serve(exchange, request, null);
    }

    /// Runs a request and answers it.
    ///
    /// @param standard form of the answer when the client has no preference; null for the usual one
    void serve(Exchange exchange, SqlRequest request, @Nullable ResultFormat standard) {
        List<ParsedStatement> parsed = parse(request);
        boolean continuous = parsed.stream().anyMatch(ParsedStatement::continuous);
        ResultFormat usual = continuous ? ResultFormat.NDJSON : ResultFormat.JSON;
        ResultFormat format =
                ResultFormat.choose(exchange.header("Accept"), continuous, standard == null ? usual : standard);
        ResultWriter writer = new ResultWriter(exchange, format, parsed.size());
        Cancellation cancellation = new Cancellation();
        exchange.onGone(cancellation);
        Throwable failure = run(parsed, request, writer, cancellation);
        if (failure != null) {
            writer.finish(failure);
        } else {
            writer.finish();
        }
    }

    /// `GET /v1/sql`: the handshake of a WebSocket.
    void converse(Exchange exchange) {
        exchange.checkTopic("");
        exchange.upgrade(SqlSocket.SUBPROTOCOL, QueryRoutes.SQL_BYTES_MAX, new SqlSocket(exchange, this));
    }

    /// Runs a request that came as a message, on the calling thread.
    ///
    /// @param done called before the last message goes out
    void run(
            SqlRequest request, Exchange exchange, Socket socket, String id, Cancellation cancellation, Runnable done) {
        int count = 0;
        Throwable failure;
        ResultWriter writer = null;
        try {
            if (socket.isGone()) {
                cancellation.run();
            }
            List<ParsedStatement> parsed = parse(request);
            count = parsed.size();
            writer = new ResultWriter(exchange, socket, id, count);
            failure = run(parsed, request, writer, cancellation);
        } catch (RuntimeException | Error broken) { // the one place that turns what went wrong into a message
            failure = broken;
        }
        done.run();
        if (writer == null) {
            writer = new ResultWriter(exchange, socket, id, count);
        }
        if (failure != null) {
            writer.finish(failure);
        } else {
            writer.finish();
        }
    }

    private List<ParsedStatement> parse(SqlRequest request) {
        List<ParsedStatement> parsed = engine.parse(request.sql());
        if (parsed.isEmpty()) {
            throw new SqlException("empty_statement", "There is no statement in the text.");
        }
        HttpFailure elsewhere = parsed.stream().anyMatch(ParsedStatement::writes) ? leadership.refusal() : null;
        if (elsewhere != null) {
            throw elsewhere; // before the first statement, so that nothing has happened
        }
        return parsed;
    }

    /// Runs statements one after another, up to the first that fails.
    private @Nullable Throwable run(
            List<ParsedStatement> parsed, SqlRequest request, ResultWriter writer, Cancellation cancellation) {
        for (ParsedStatement statement : parsed) {
            Throwable failure = cancellation.isByClient() ? cancelled() : run(statement, request, writer, cancellation);
            if (failure != null) {
                failures.increment();
                return failure;
            }
        }
        return null;
    }

    private static SqlException cancelled() {
        return new SqlException("query_cancelled", "The client cancelled the statement.");
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
        if (cancellation.isByClient()) {
            return cancelled();
        }
        Throwable failure = writer.failure();
        return failure == null || cancellation.isWanted()
                ? new HttpFailure(ErrorCode.SHUTTING_DOWN, "The statement was ended before its answer was complete.")
                : failure;
    }

    /// Ends the statement that runs when the client goes.
    static final class Cancellation implements Runnable {
        private final AtomicReference<@Nullable RunningStatement> running = new AtomicReference<>();
        private volatile boolean wanted;
        private volatile boolean byClient;

        void of(RunningStatement statement) {
            running.set(statement);
            if (wanted) {
                statement.cancel();
            }
        }

        /// The client says so, and stays.
        void cancel() {
            byClient = true;
            run();
        }

        boolean isByClient() {
            return byClient;
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
