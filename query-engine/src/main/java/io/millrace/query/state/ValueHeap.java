package io.millrace.query.state;

import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.ObjectColumn;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Values that do not fit into the words of a row: text longer than 15 bytes, and objects. Ids are reused.
final class ValueHeap {
    private static final int OBJECT_BYTES = 64; // an estimate: a small BigDecimal or List

    private @Nullable Object[] values = new @Nullable Object[0];
    private int high;
    private int[] free = new int[0];
    private int freeCount;
    private long bytes;

    /// Copies what must be kept. @return the id
    int add(Column source, int row) {
        Object value;
        if (source instanceof BytesColumn text) {
            value = Arrays.copyOfRange(text.data(), text.start(row), text.start(row) + text.length(row));
        } else {
            value = ((ObjectColumn) source).get(row);
        }
        return add(value);
    }

    private int add(Object value) {
        int id;
        if (freeCount > 0) {
            id = free[--freeCount];
        } else {
            if (high == values.length) {
                values = Arrays.copyOf(values, Math.max(16, high * 2));
            }
            id = high++;
        }
        values[id] = value;
        bytes += sizeOf(value);
        return id;
    }

    Object get(int id) {
        Object value = values[id];
        if (value == null) {
            throw new IllegalStateException("value " + id + " was released");
        }
        return value;
    }

    void release(int id) {
        bytes -= sizeOf(get(id));
        values[id] = null;
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, Math.max(16, freeCount * 2));
        }
        free[freeCount++] = id;
    }

    void clear() {
        Arrays.fill(values, 0, high, null);
        high = 0;
        freeCount = 0;
        bytes = 0;
    }

    long bytes() {
        return bytes + 4L * free.length + 4L * values.length;
    }

    private static long sizeOf(Object value) {
        return value instanceof byte[] text ? 16 + text.length : OBJECT_BYTES;
    }

    void save(DataOutput out) throws IOException {
        out.writeInt(high);
        for (int id = 0; id < high; id++) {
            Values.write(out, values[id]);
        }
        Values.writeInts(out, free, freeCount);
    }

    void restore(DataInput in) throws IOException {
        clear();
        high = in.readInt();
        values = new @Nullable Object[Math.max(16, high)];
        for (int id = 0; id < high; id++) {
            Object value = Values.read(in);
            values[id] = value;
            bytes += value == null ? 0 : sizeOf(value);
        }
        free = Values.readInts(in);
        freeCount = free.length;
    }
}
