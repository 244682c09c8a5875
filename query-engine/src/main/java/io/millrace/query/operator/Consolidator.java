package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.state.RowTable;

/// Sums equal rows and leaves out those of weight 0, in order of first appearance. Holds nothing between calls.
public final class Consolidator {
    private final int[] columns;
    private final RowTable table;
    private int[] slots = new int[0];

    public Consolidator(Schema schema) {
        columns = Operator.allColumns(schema);
        table = new RowTable(Operator.types(schema, columns), false, 1, true);
    }

    /// Appends the sum to `target`, which is not `source`.
    public void consolidate(Batch source, Batch target) {
        int count = source.count();
        if (count == 0) {
            return;
        }
        if (count == 1) {
            if (source.weight(0) != 0) {
                target.appendRow(source, 0, source.weight(0));
            }
            return;
        }
        table.clear();
        table.encode(source, columns);
        for (int row = 0; row < count; row++) {
            int slot = table.findOrAdd(row);
            table.setPayload(slot, 0, table.payload(slot, 0) + source.weight(row));
        }
        int used = table.slotsUsed();
        if (slots.length < used) {
            slots = new int[Math.max(used, slots.length * 2)];
        }
        int kept = 0;
        for (int slot = 0; slot < used; slot++) {
            if (table.payload(slot, 0) != 0) {
                slots[kept++] = slot;
            }
        }
        for (int i = 0; i < columns.length; i++) {
            table.appendColumn(i, slots, kept, target.column(i));
        }
        for (int i = 0; i < kept; i++) {
            target.endRow(table.payload(slots[i], 0));
        }
    }
}
