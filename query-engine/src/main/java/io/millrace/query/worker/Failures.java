package io.millrace.query.worker;

import io.millrace.log.CorruptLogException;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.query.OutputException;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.StateLimitExceededException;
import io.millrace.query.expression.UnsupportedExpressionException;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What went wrong in a query, in words for its author.
final class Failures {
    private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

    private Failures() {}

    static SqlException toSqlException(Throwable cause) {
        return switch (cause) {
            case SqlException told -> told;
            case CompletionException wrapped when wrapped.getCause() != null -> toSqlException(wrapped.getCause());
            case ExecutionException wrapped when wrapped.getCause() != null -> toSqlException(wrapped.getCause());
            case OutputException refused -> new SqlException(refused.code(), String.valueOf(refused.getMessage()));
            case OffsetOutOfRangeException gone ->
                new SqlException(
                        "input_deleted",
                        "The query has to read records that retention has deleted: " + gone.getMessage() + ".",
                        0,
                        0,
                        "Start the query again to read what is left, or keep records longer.");
            case CorruptLogException corrupt -> new SqlException("corrupt_log", String.valueOf(corrupt.getMessage()));
            case StateLimitExceededException limit ->
                new SqlException("out_of_memory", String.valueOf(limit.getMessage()));
            case UnsupportedExpressionException expression ->
                new SqlException("unsupported", firstLine(String.valueOf(expression.getMessage())));
            case IOException disk -> new SqlException("io_error", "Reading the log failed: " + disk.getMessage());
            case StackOverflowError deep ->
                new SqlException(
                        "too_complex",
                        "The statement is nested too deep to be compiled.",
                        0,
                        0,
                        "Split it: put parts into a view or a sub-query.");
            case OutOfMemoryError memory ->
                new SqlException(
                        "out_of_memory",
                        "The query needed more memory than the node has.",
                        0,
                        0,
                        "Bound its state with a window, or give the node more memory (MILLRACE_JAVA_OPTS=-Xmx…).");
            default -> {
                LOG.error("a query failed for a reason that is our fault", cause);
                String message = cause.getMessage();
                yield new SqlException(
                        "internal_error",
                        "The query failed: " + cause.getClass().getSimpleName()
                                + (message == null ? "" : ": " + message) + ". The node's log has the details.");
            }
        };
    }

    /// Generated code behind the first line is for our own log.
    private static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    static void logTelling(String query, Exception failure) {
        LOG.atWarn().addKeyValue("query", query).setCause(failure).log("nobody could be told how a query ended");
    }

    static void logClosing(String query, Exception failure) {
        LOG.atWarn().addKeyValue("query", query).setCause(failure).log("closing a query's inputs failed");
    }
}
