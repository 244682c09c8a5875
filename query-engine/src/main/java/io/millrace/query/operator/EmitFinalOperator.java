package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/// EMIT FINAL: adds `Δ` to what it holds, and when the waterline W rises emits the rows with `time < W`, once,
/// and forgets them.
///
/// State: the rows at or above the waterline, 2 words beside each. Rows whose time is null are never final.
public final class EmitFinalOperator extends Operator {
    private static final int WEIGHT = 1;

    private final RowSet set;
    private final int[] one = new int[1];

    public EmitFinalOperator(Schema schema, Operator input, int timeColumn, Waterline waterline) {
        super(schema, List.of(input));
        set = new RowSet(schema, 1, timeColumn, waterline, 0); // panes of one time each: dropping is exact
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

    @Override
    public boolean consolidated() {
        return true;
    }

    @Override
    public long stateRows() {
        return set.rows().size();
    }

    @Override
    public long stateBytes() {
        return set.bytes();
    }

    @Override
    public void save(DataOutput out) throws IOException {
        set.save(out);
    }

    @Override
    public void restore(DataInput in) throws IOException {
        set.restore(in);
    }
}
