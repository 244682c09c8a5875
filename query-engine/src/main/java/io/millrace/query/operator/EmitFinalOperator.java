package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import java.util.List;

/// EMIT FINAL: adds `Δ` to what it holds, and when the waterline W rises emits the rows with `time < W`, once,
/// and forgets them.
///
/// State: the rows at or above the waterline, 2 words beside each. Rows whose time is null are never final, so
/// they are not held.
public final class EmitFinalOperator extends RowSetOperator {
    private static final int WEIGHT = 1;

    private final int timeColumn;
    private final int[] one = new int[1];

    public EmitFinalOperator(Schema schema, Operator input, int timeColumn, Waterline waterline) {
        // panes of one time each: dropping is exact
        super(schema, List.of(input), new RowSet(schema, 1, timeColumn, waterline, 0));
        this.timeColumn = timeColumn;
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        RowTable rows = set.rows();
        set.beginStep();
        if (input.count() > 0) {
            set.encode(input);
            for (int row = 0; row < input.count(); row++) {
                if (input.column(timeColumn).isNull(row)) {
                    continue;
                }
                int slot = set.touch(row);
                slot = slot < 0 ? ~slot : slot;
                rows.setPayload(slot, WEIGHT, rows.payload(slot, WEIGHT) + input.weight(row));
            }
            for (int i = 0; i < set.touchedCount(); i++) {
                if (rows.payload(set.touched(i), WEIGHT) == 0) {
                    set.remove(set.touched(i));
                }
            }
        }
        set.dropBelow(context.watermarks(), this::emit);
    }

    private void emit(int slot) {
        one[0] = slot;
        set.append(owned, one, 1);
        owned.endRow(set.rows().payload(slot, WEIGHT));
    }
}
