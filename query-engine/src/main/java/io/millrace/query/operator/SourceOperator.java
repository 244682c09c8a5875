package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.Schema;
import java.util.List;

/// The change of one source, as it comes. No state.
public final class SourceOperator extends Operator {
    private final int source;
    private final int[] columns;
    private final boolean appendOnly;
    private final String name;
    private Batch delta;

    /// @param source its index among the circuit's sources
    /// @param columns of the source's batches that make up `schema`
    /// @param appendOnly whether a negative weight is a mistake
    public SourceOperator(Schema schema, int source, int[] columns, boolean appendOnly, String name) {
        super(schema, List.of());
        this.source = source;
        this.columns = columns.clone();
        this.appendOnly = appendOnly;
        this.name = name;
        delta = owned;
    }

    /// All columns of the step's change, row by row what [#output] has some columns of.
    public Batch delta() {
        return delta;
    }

    @Override
    void step(StepContext context) {
        delta = context.deltas().get(source);
        if (appendOnly) {
            long[] weights = delta.weights();
            for (int row = 0; row < delta.count(); row++) {
                if (weights[row] < 0) {
                    throw new IllegalArgumentException("stream " + name
                            + " only grows: expected weights above 0, found " + weights[row] + " in row " + row);
                }
            }
        }
        Column[] shared = new Column[columns.length];
        for (int i = 0; i < columns.length; i++) {
            shared[i] = delta.column(columns[i]);
        }
        publish(Batch.view(schema, shared, delta.weights(), delta.count()));
    }
}
