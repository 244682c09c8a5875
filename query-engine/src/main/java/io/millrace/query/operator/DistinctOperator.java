package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// DISTINCT: with a row's weight n, out = `Δ[n > 0]`.
///
/// State: each distinct row with 3 words beside it. Dropped below a waterline of any column.
public final class DistinctOperator extends RowSetOperator {
    private static final int WEIGHT = 1;
    private static final int BEFORE = 2;

    private int[] emitted = new int[64];

    public DistinctOperator(Schema schema, Operator input, int timeColumn, @Nullable Waterline waterline) {
        super(schema, List.of(input), new RowSet(schema, 2, timeColumn, waterline, AggregateOperator.PANE_SHIFT));
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        RowTable rows = set.rows();
        set.beginStep();
        if (input.count() > 0) {
            set.encode(input);
            for (int row = 0; row < input.count(); row++) {
                int slot = set.touch(row);
                if (slot < 0) {
                    slot = ~slot;
                    rows.setPayload(slot, BEFORE, rows.payload(slot, WEIGHT));
                }
                rows.setPayload(slot, WEIGHT, rows.payload(slot, WEIGHT) + input.weight(row));
            }
            emit(rows);
        }
        set.dropBelow(context.watermarks(), slot -> {});
    }

    private void emit(RowTable rows) {
        int count = 0;
        if (emitted.length < set.touchedCount()) {
            emitted = new int[set.touchedCount() * 2];
        }
        for (int i = 0; i < set.touchedCount(); i++) {
            int slot = set.touched(i);
            if ((rows.payload(slot, WEIGHT) > 0) != (rows.payload(slot, BEFORE) > 0)) {
                emitted[count++] = slot;
            }
        }
        set.append(owned, emitted, count);
        for (int i = 0; i < count; i++) {
            owned.endRow(rows.payload(emitted[i], WEIGHT) > 0 ? 1 : -1);
        }
        for (int i = 0; i < set.touchedCount(); i++) {
            if (rows.payload(set.touched(i), WEIGHT) == 0) {
                set.remove(set.touched(i));
            }
        }
    }
}
