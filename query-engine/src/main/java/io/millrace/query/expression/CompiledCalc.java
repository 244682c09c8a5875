package io.millrace.query.expression;

import io.millrace.query.data.Batch;

/// A compiled [io.millrace.query.plan.CalcProgram].
///
/// Threading: one thread at a time (it may hold scratch memory); compile one for each circuit.
public interface CompiledCalc {
    /// Appends to `output` the projections of those rows of `input` that satisfy the condition, each with its
    /// weight, in order.
    ///
    /// A row whose evaluation fails (division by zero, bad cast, overflow) is not appended but reported.
    /// Evaluation is
    /// deterministic: the same row fails the same way when it is taken back.
    void apply(Batch input, Batch output, Failures failures);

    /// Where failing rows go.
    interface Failures {
        /// @param row of the input
        void failed(Batch input, int row, String reason);
    }
}
