package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.Schema;
import java.util.List;

/// Picks, repeats or reorders columns without copying any. Linear, no state.
public final class ProjectOperator extends Operator {
    private final int[] columns;

    public ProjectOperator(Schema schema, Operator input, int[] columns) {
        super(schema, List.of(input));
        this.columns = columns.clone();
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        Column[] shared = new Column[columns.length];
        for (int i = 0; i < columns.length; i++) {
            shared[i] = input.column(columns[i]);
        }
        publish(Batch.view(schema, shared, input.weights(), input.count()));
    }
}
