package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// INTERSECT and EXCEPT: with a row's weights a and b, cut off at 0, out = `Δf(a, b)` where f is
///
/// |           | DISTINCT           | ALL           |
/// |-----------|--------------------|---------------|
/// | INTERSECT | 1 if a > 0 and b > 0 | min(a, b)   |
/// | EXCEPT    | 1 if a > 0 and b = 0 | max(a − b, 0) |
///
/// State: each distinct row of either input, with 4 words beside it. Dropped below a waterline of any column.
public final class SetOperator extends RowSetOperator {
    private static final int LEFT = 1;
    private static final int RIGHT = 2;
    private static final int BEFORE = 3;

    private final boolean intersect;
    private final boolean all;
    private final int[] one = new int[1];

    public SetOperator(
            Schema schema,
            Operator left,
            Operator right,
            boolean intersect,
            boolean all,
            int timeColumn,
            @Nullable Waterline waterline) {
        super(schema, List.of(left, right), new RowSet(schema, 3, timeColumn, waterline, AggregateOperator.PANE_SHIFT));
        this.intersect = intersect;
        this.all = all;
    }

    @Override
    void step(StepContext context) {
        set.beginStep();
        take(inputs.get(0).output(), LEFT);
        take(inputs.get(1).output(), RIGHT);
        RowTable rows = set.rows();
        for (int i = 0; i < set.touchedCount(); i++) {
            int slot = set.touched(i);
            long change = value(slot) - rows.payload(slot, BEFORE);
            if (change != 0) {
                one[0] = slot;
                set.append(owned, one, 1);
                owned.endRow(change);
            }
            if (rows.payload(slot, LEFT) == 0 && rows.payload(slot, RIGHT) == 0) {
                set.remove(slot);
            }
        }
        set.dropBelow(context.watermarks(), slot -> {});
    }

    private void take(Batch batch, int side) {
        if (batch.count() == 0) {
            return;
        }
        RowTable rows = set.rows();
        set.encode(batch);
        for (int row = 0; row < batch.count(); row++) {
            int slot = set.touch(row);
            if (slot < 0) {
                slot = ~slot;
                rows.setPayload(slot, BEFORE, value(slot));
            }
            rows.setPayload(slot, side, rows.payload(slot, side) + batch.weight(row));
        }
    }

    private long value(int slot) {
        long a = Math.max(0, set.rows().payload(slot, LEFT));
        long b = Math.max(0, set.rows().payload(slot, RIGHT));
        if (all) {
            return intersect ? Math.min(a, b) : Math.max(0, a - b);
        }
        return a > 0 && (b > 0) == intersect ? 1 : 0;
    }
}
