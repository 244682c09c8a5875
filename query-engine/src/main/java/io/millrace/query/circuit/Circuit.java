package io.millrace.query.circuit;

import io.millrace.query.data.Batch;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/// A running plan: state and operators.
///
/// A step takes one delta for each source and gives the delta of the answer; nothing of a half-applied input is
/// ever seen. The sum of all deltas is the plan's answer over the sum of all inputs, however they were cut into
/// steps.
///
/// Threading: one thread at a time.
public interface Circuit extends AutoCloseable {
    /// The sources, in the order in which [#step] expects them. Each differs from all others.
    List<SourceSpec> sources();

    /// Runs one step.
    ///
    /// @param deltas one for each source; may be empty, never null
    /// @param watermarks one for each source, `Long.MIN_VALUE` for none, `Long.MAX_VALUE` once the source has
    ///     ended for good
    /// @return the consolidated change of the answer: equal rows summed, none with weight 0. Valid until the
    ///     next step
    Batch step(List<Batch> deltas, long[] watermarks);

    /// Whether rows that have come out are never taken back, as long as none that went in is.
    boolean appendOnly();

    /// Bytes of all state, about.
    long stateBytes();

    /// Rows kept in state, by operator, for EXPLAIN ANALYZE and metrics.
    List<OperatorReport> report();

    /// What bounds the state of each operator that keeps any, in the order of [#report].
    List<StateBound> stateBounds();

    /// Writes the whole state, as it is between two steps.
    void save(DataOutput out) throws IOException;

    /// Reads what [#save] wrote into a circuit of the same plan that has not stepped yet.
    void restore(DataInput in) throws IOException;

    @Override
    void close();

    /// What keeps an operator's state from growing for ever.
    ///
    /// @param node the operator's place in the plan
    /// @param bound in words: "watermark of orders.ts", "nothing: …"
    record StateBound(PlanNode node, String operator, String bound, Growth growth) {
        /// Whether it stays as it is, however long the query runs.
        public boolean bounded() {
            return growth == Growth.BOUNDED;
        }
    }

    /// With what an operator's state grows.
    enum Growth {
        /// Time, tables or the plan limit it.
        BOUNDED,
        /// With the number of different groups, keys or values.
        KEYS,
        /// With every row.
        ROWS
    }

    /// @param operator as EXPLAIN names it
    record OperatorReport(
            int id, String operator, long rowsIn, long rowsOut, long stateRows, long stateBytes, long nanos) {}
}
