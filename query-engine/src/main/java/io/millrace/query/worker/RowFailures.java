package io.millrace.query.worker;

import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.expression.CompiledCalc;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Rows that a query cannot evaluate: division by zero, a bad cast, overflow.
///
/// A query that ends fails with the first one. One that goes on leaves the row out and counts it, unless the
/// session says `SET on_error = 'fail'`.
final class RowFailures implements CompiledCalc.Failures {
    private static final Logger LOG = LoggerFactory.getLogger(RowFailures.class);

    private final boolean fail;
    private volatile long count;

    RowFailures(Session session) {
        fail = "fail".equals(session.settings().get("on_error"));
    }

    /// For queries that end.
    static void refuse(Batch input, int row, String reason) {
        throw new SqlException(
                "evaluation_failed",
                "A row cannot be evaluated: " + reason + ".",
                0,
                0,
                "Guard the expression with CASE or WHERE.");
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // only the query's own thread counts
    public void failed(Batch input, int row, String reason) {
        if (fail) {
            refuse(input, row, reason);
        }
        if (count++ == 0) {
            LOG.atWarn()
                    .addKeyValue("reason", reason)
                    .log("a row was left out of a continuous query; further ones are counted");
        }
    }

    long count() {
        return count;
    }
}
