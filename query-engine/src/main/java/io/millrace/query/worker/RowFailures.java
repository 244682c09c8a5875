package io.millrace.query.worker;

import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.operator.FailedRow;
import io.millrace.query.operator.FailedRows;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Rows that a query cannot evaluate: division by zero, a bad cast, overflow.
///
/// A query that ends fails with the first one. One that goes on leaves the row out and counts it, unless the
/// session says `SET on_error = 'fail'`; what fails is the difference between two answers like everything else, so
/// it can be told to the client as such.
final class RowFailures implements FailedRow.Sink {
    private static final String ON_ERROR = "on_error";
    private static final Logger LOG = LoggerFactory.getLogger(RowFailures.class);

    private final boolean fail;
    private final @Nullable FailedRows gathered;
    private volatile long count;

    RowFailures(boolean fail) {
        this(fail, null);
    }

    private RowFailures(boolean fail, @Nullable FailedRows gathered) {
        this.fail = fail;
        this.gathered = gathered;
    }

    /// Keeps the rows for the client until somebody clears them.
    static RowFailures gathering(Session session, FailedRows into) {
        return new RowFailures("fail".equals(session.settings().get(ON_ERROR)), into);
    }

    /// For queries that end.
    static void refuse(FailedRow failed) {
        if (failed.weight() > 0) { // else it is a row that is taken back, and should have been refused before
            throw new SqlException(
                    "evaluation_failed",
                    "A row cannot be evaluated: " + failed.reason() + "." + place(failed),
                    0,
                    0,
                    "Guard the expression with CASE or WHERE.");
        }
    }

    private static String place(FailedRow failed) {
        return failed.topic() == null
                ? ""
                : " It is offset %d of partition %d of '%s'."
                        .formatted(failed.offset(), failed.partition(), failed.topic());
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // only the query's own thread counts
    public void failed(FailedRow failed) {
        if (fail) {
            refuse(failed);
        }
        if (gathered != null) {
            gathered.failed(failed);
        }
        if (failed.weight() > 0 && count++ == 0) {
            LOG.atWarn()
                    .addKeyValue("reason", failed.reason())
                    .log("a row was left out of a continuous query; further ones are counted");
        }
    }

    @Override
    public boolean wantsRecords() {
        return gathered != null;
    }

    long count() {
        return count;
    }
}
