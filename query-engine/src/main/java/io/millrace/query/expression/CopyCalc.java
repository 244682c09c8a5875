package io.millrace.query.expression;

import io.millrace.query.data.Batch;

/// A program that only moves columns.
final class CopyCalc implements CompiledCalc {
    private final int[] inputColumns;

    CopyCalc(int[] inputColumns) {
        this.inputColumns = inputColumns;
    }

    @Override
    public void apply(Batch input, Batch output, Failures failures) {
        for (int i = 0; i < inputColumns.length; i++) {
            output.column(i).appendAll(input.column(inputColumns[i]));
        }
        output.endRows(input);
    }
}
