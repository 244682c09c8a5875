package io.millrace.query.sql;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.PlanNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement with all names resolved: what remains is to do it.
public sealed interface PlannedStatement {
    /// A SELECT.
    ///
    /// @param plan its first columns are those of `schema`; more may follow, which are only sorted by and not
    ///     delivered
    /// @param schema names as the user wrote them
    /// @param order ORDER BY of a query that ends, over the columns of `plan`; applied when the rows are delivered
    /// @param offset rows to leave out after ordering, 0 for none
    /// @param fetch rows to deliver after that, −1 for all
    /// @param emit when and how changes are emitted
    /// @param asOf JSON of a frontier to stop at, null for none
    /// @param notices for the user: inferred columns …
    record Query(
            PlanNode plan,
            Schema schema,
            List<PlanNode.SortKey> order,
            long offset,
            long fetch,
            Emit emit,
            @Nullable String asOf,
            List<String> notices)
            implements PlannedStatement {}

    /// @param continuous goes on for ever
    /// @param finalOnly rows only once they cannot change (the plan holds an `EmitFinal` node)
    /// @param everyMs emit at most this often, 0 for at each step
    /// @param delayMs hold changes back this long, 0 for none
    record Emit(boolean continuous, boolean finalOnly, long everyMs, long delayMs) {
        public static final Emit ONCE = new Emit(false, false, 0, 0);
    }

    /// CREATE STREAM, TABLE or VIEW without a running query behind it.
    ///
    /// @param key of the catalogue document
    /// @param text canonical statement, which [Catalog] can read back
    /// @param topic to be created when absent, null for a view
    /// @param message `CREATE STREAM`
    record Create(
            String key,
            String text,
            @Nullable String topic,
            int partitions,
            boolean compacted,
            boolean exists,
            String message)
            implements PlannedStatement {}

    /// CREATE MATERIALIZED VIEW, or CREATE STREAM/TABLE … AS: a query that is kept running and writes a topic.
    ///
    /// @param keyColumns columns of `query.schema()` that make the record key, empty for none
    /// @param appendOnly refused by the planner unless true for a stream
    /// @param continued a stream: when the query is replaced, its results stay and the new one's come behind them;
    ///     a table or view is made again
    /// @param failOnError whether a row that cannot be evaluated stops the query instead of being left out
    record CreateQuery(
            Create create,
            String queryId,
            Query query,
            int[] keyColumns,
            boolean appendOnly,
            boolean continued,
            boolean failOnError)
            implements PlannedStatement {}

    /// DROP.
    ///
    /// @param key of the catalogue document, null when only a topic is dropped
    /// @param queryId to end, null for none
    /// @param topic to delete, null for none
    record Drop(
            @Nullable String key,
            @Nullable String queryId,
            @Nullable String topic,
            boolean missing,
            String message) implements PlannedStatement {}

    /// INSERT (and upserts and deletes by key of tables): the records to append, made by a query that ends.
    ///
    /// @param query its rows are the columns of `columns`, in order
    /// @param columns fields of the JSON object that each record becomes
    /// @param keyColumn index of the column that makes the record key, −1 for none
    /// @param delete write tombstones by key
    /// @param word of the message: INSERT, UPDATE or DELETE
    record Insert(String topic, Query query, Schema columns, int[] keyColumns, boolean delete, String word)
            implements PlannedStatement {}

    /// SHOW, DESCRIBE, EXPLAIN: rows that are known already.
    record Rows(Batch rows, List<String> notices) implements PlannedStatement {}

    /// SHOW QUERIES.
    record ShowQueries() implements PlannedStatement {}

    /// EXPLAIN ANALYZE: run the query that ends, then report operators.
    record Analyze(Query query) implements PlannedStatement {}

    /// SET and RESET.
    ///
    /// @param name `all` for every setting, which can only go back
    /// @param value empty to go back to the default
    record SetOption(String name, String value) implements PlannedStatement {}

    /// PAUSE, RESUME, DROP and VERIFY QUERY.
    record Control(Action action, String queryId) implements PlannedStatement {}

    enum Action {
        PAUSE,
        RESUME,
        CANCEL,
        VERIFY
    }
}
