package io.millrace.query.operator;

import java.util.List;

/// The rows that the operators below could not evaluate, instead of their answer. Linear in what they report: each
/// reports the change of its own failures. No state.
public final class FailedRowsOperator extends Operator {
    private final FailedRows failed;

    /// @param failed where the operators below put them
    public FailedRowsOperator(Operator input, FailedRows failed) {
        super(failed.rows().schema(), List.of(input));
        this.failed = failed;
    }

    @Override
    void step(StepContext context) {
        owned.appendAll(failed.rows());
        failed.clear();
    }
}
