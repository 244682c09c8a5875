package io.millrace.query;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A query that runs.
///
/// @param output topic it writes, null for an ad-hoc query
/// @param state `running`, `paused`, `failed`; of a persistent query also `recovering`, `waiting: …` for what, and
///     `on n2` when another node runs it
/// @param lag records that are in the log and not yet in the answer
/// @param watermarkMs `Long.MIN_VALUE` for none
/// @param plan operators with their rates, as EXPLAIN ANALYZE prints them
public record QueryInfo(
        String id,
        String sql,
        @Nullable String output,
        String state,
        @Nullable String failure,
        Frontier frontier,
        long lag,
        long watermarkMs,
        long rowsIn,
        long rowsOut,
        long lateRows,
        long badRows,
        long stateBytes,
        List<String> plan) {
    public QueryInfo {
        plan = List.copyOf(plan);
    }
}
