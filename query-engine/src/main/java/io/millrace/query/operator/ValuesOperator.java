package io.millrace.query.operator;

import io.millrace.query.data.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Constant rows: `Δ` is all of them in the first step and nothing later. No state.
public final class ValuesOperator extends Operator {
    private final List<List<@Nullable Object>> rows;

    public ValuesOperator(Schema schema, List<List<@Nullable Object>> rows) {
        super(schema, List.of());
        this.rows = rows;
    }

    @Override
    void step(StepContext context) {
        if (context.first()) {
            for (List<@Nullable Object> row : rows) {
                owned.appendValues(row, 1);
            }
        }
    }
}
