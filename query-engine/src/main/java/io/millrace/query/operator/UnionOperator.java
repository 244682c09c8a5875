package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.Schema;
import java.util.List;

/// UNION ALL: linear, `Δout = ΣΔin`. No state.
public final class UnionOperator extends Operator {
    public UnionOperator(Schema schema, List<Operator> inputs) {
        super(schema, inputs);
    }

    @Override
    void step(StepContext context) {
        Operator only = null;
        int busy = 0;
        for (Operator input : inputs) {
            if (input.output().count() > 0) {
                only = input;
                busy++;
            }
        }
        if (only != null && busy == 1) {
            Batch batch = only.output();
            Column[] shared = new Column[schema.size()];
            for (int i = 0; i < shared.length; i++) {
                shared[i] = batch.column(i);
            }
            publish(Batch.view(schema, shared, batch.weights(), batch.count()));
            return;
        }
        for (Operator input : inputs) {
            owned.appendAll(input.output());
        }
    }
}
