package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.Schema;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/// A table from a stream of versions: weight +1 is a version of a row, −1 a deletion by key; out = −old, +new
/// for keys whose newest version changed.
///
/// The last three columns are `_timestamp`, `_partition`, `_offset`; the version with the largest such triple
/// wins, deletions included, so the table is a function of the set of versions, not of the order of their
/// arrival. Therefore a deleted key is remembered.
///
/// State: two rows for each key that ever was: the key with 6 words, and the current row.
public final class UpsertOperator extends Operator {
    private static final int TOUCHED = 0;
    private static final int TIMESTAMP = 1;
    private static final int PARTITION = 2;
    private static final int OFFSET = 3;
    private static final int ROW = 4; // slot + 1, 0 when deleted
    private static final int OLD_ROW = 5; // as ROW, before this step

    private final int[] key;
    private final int[] columns;
    private final RowTable keys;
    private final RowTable rows;
    private long stepNumber;
    private int[] touched = new int[64];
    private int touchedCount;
    private final int[] one = new int[1];

    public UpsertOperator(Schema schema, Operator input, int[] key) {
        super(schema, List.of(input));
        if (schema.size() < key.length + 3) {
            throw new IllegalArgumentException(
                    "a table's last three columns are _timestamp, _partition and _offset; found " + schema);
        }
        this.key = key.clone();
        columns = allColumns(schema);
        keys = new RowTable(types(schema, key), false, 6, true);
        rows = new RowTable(types(schema, columns), false, 0, false);
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        int count = input.count();
        if (count == 0) {
            return;
        }
        stepNumber++;
        touchedCount = 0;
        int size = schema.size();
        LongColumn timestamps = input.longs(size - 3);
        LongColumn partitions = input.longs(size - 2);
        LongColumn offsets = input.longs(size - 1);
        keys.encode(input, key);
        rows.encode(input, columns);
        for (int row = 0; row < count; row++) {
            if (input.weight(row) == 0) {
                continue;
            }
            int slot = keys.findOrAdd(row);
            boolean known = !keys.added();
            if (keys.payload(slot, TOUCHED) != stepNumber) {
                touch(slot);
            }
            if (known && !isNewer(slot, timestamps.get(row), partitions.get(row), offsets.get(row))) {
                continue;
            }
            keys.setPayload(slot, TIMESTAMP, timestamps.get(row));
            keys.setPayload(slot, PARTITION, partitions.get(row));
            keys.setPayload(slot, OFFSET, offsets.get(row));
            long current = keys.payload(slot, ROW);
            if (current != 0 && current != keys.payload(slot, OLD_ROW)) {
                rows.remove((int) current - 1);
            }
            keys.setPayload(slot, ROW, input.weight(row) > 0 ? rows.append(row) + 1L : 0);
        }
        for (int i = 0; i < touchedCount; i++) {
            emit(touched[i]);
        }
    }

    private void touch(int slot) {
        keys.setPayload(slot, TOUCHED, stepNumber);
        keys.setPayload(slot, OLD_ROW, keys.payload(slot, ROW));
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = slot;
    }

    private boolean isNewer(int slot, long timestamp, long partition, long offset) {
        if (timestamp != keys.payload(slot, TIMESTAMP)) {
            return timestamp > keys.payload(slot, TIMESTAMP);
        }
        if (partition != keys.payload(slot, PARTITION)) {
            return partition > keys.payload(slot, PARTITION);
        }
        return offset > keys.payload(slot, OFFSET);
    }

    private void emit(int slot) {
        long old = keys.payload(slot, OLD_ROW);
        long fresh = keys.payload(slot, ROW);
        if (old == fresh) {
            return;
        }
        if (old != 0) {
            append((int) old - 1, -1);
            rows.remove((int) old - 1);
        }
        if (fresh != 0) {
            append((int) fresh - 1, 1);
        }
    }

    private void append(int row, long weight) {
        one[0] = row;
        for (int i = 0; i < columns.length; i++) {
            rows.appendColumn(i, one, 1, owned.column(i));
        }
        owned.endRow(weight);
    }

    @Override
    public boolean consolidated() {
        return true; // two versions of a key differ in their triple
    }

    @Override
    public long stateRows() {
        return keys.size();
    }

    @Override
    public long stateBytes() {
        return keys.bytes() + rows.bytes();
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(stepNumber);
        keys.save(out);
        rows.save(out);
    }

    @Override
    public void restore(DataInput in) throws IOException {
        stepNumber = in.readLong();
        keys.restore(in);
        rows.restore(in);
    }
}
