package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import io.millrace.query.state.TimePanes;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Whole rows with payload words, those touched in a step, and panes that drop what lies below a waterline.
///
/// The first payload word is the owner's mark of the step.
final class RowSet {
    static final int TOUCHED = 0;

    private final Schema schema;
    private final int[] columns;
    private final RowTable rows;
    private final int timeColumn;
    private final @Nullable Waterline waterline;
    private final @Nullable TimePanes panes;
    private long stepNumber;
    private int[] touched = new int[64];
    private int touchedCount;

    /// @param words payload words of the owner, from 1 on
    /// @param timeColumn that `waterline` bounds, −1 for none
    RowSet(Schema schema, int words, int timeColumn, @Nullable Waterline waterline, int paneShift) {
        this.schema = schema;
        columns = Operator.allColumns(schema);
        rows = new RowTable(Operator.types(schema, columns), false, words + 1, true);
        this.timeColumn = timeColumn;
        this.waterline = waterline;
        panes = waterline == null ? null : new TimePanes(paneShift);
    }

    RowTable rows() {
        return rows;
    }

    void beginStep() {
        stepNumber++;
        touchedCount = 0;
    }

    void encode(Batch batch) {
        rows.encode(batch, columns);
    }

    /// The slot of an encoded row; a row touched for the first time in this step is put on the list.
    ///
    /// @return the slot, or its complement when this is the first touch
    int touch(int row) {
        int slot = rows.findOrAdd(row);
        if (rows.added() && panes != null && !rows.isNull(slot, timeColumn)) {
            panes.add(slot, rows.longAt(slot, timeColumn));
        }
        if (rows.payload(slot, TOUCHED) == stepNumber) {
            return slot;
        }
        rows.setPayload(slot, TOUCHED, stepNumber);
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = slot;
        return ~slot;
    }

    int touchedCount() {
        return touchedCount;
    }

    int touched(int i) {
        return touched[i];
    }

    void remove(int slot) {
        if (panes != null && !rows.isNull(slot, timeColumn)) {
            panes.remove(slot, rows.longAt(slot, timeColumn));
        }
        rows.remove(slot);
    }

    /// Hands over the rows below the waterline, which are removed afterwards.
    void dropBelow(long[] watermarks, TimePanes.Dropper dropper) {
        if (panes == null || waterline == null) {
            return;
        }
        long limit = waterline.at(watermarks);
        if (limit != Waterline.NONE) {
            panes.dropBelow(limit, slot -> {
                dropper.drop(slot);
                rows.remove(slot);
            });
        }
    }

    void append(Batch target, int[] slots, int count) {
        for (int i = 0; i < schema.size(); i++) {
            rows.appendColumn(i, slots, count, target.column(i));
        }
    }

    long bytes() {
        return rows.bytes() + (panes == null ? 0 : panes.bytes());
    }

    void save(DataOutput out) throws IOException {
        out.writeLong(stepNumber);
        rows.save(out);
        if (panes != null) {
            panes.save(out);
        }
    }

    void restore(DataInput in) throws IOException {
        stepNumber = in.readLong();
        rows.restore(in);
        if (panes != null) {
            panes.restore(in);
        }
    }
}
