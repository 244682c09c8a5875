package io.millrace.query.data;

import java.util.Arrays;

/// Values of the whole-number, boolean and time types.
public final class LongColumn extends Column {
    private long[] values = new long[CAPACITY_AT_FIRST];

    /// Valid up to [#count].
    public long[] values() {
        return values;
    }

    public long get(int row) {
        return values[row];
    }

    public void append(long value) {
        reserve(1);
        values[count] = value;
        countPresent();
    }

    /// Appends the first `more` values of an array, none of them null.
    public void append(long[] source, int more) {
        reserve(more);
        System.arraycopy(source, 0, values, count, more);
        Arrays.fill(nulls, count, count + more, false);
        count += more;
    }

    @Override
    public void appendFrom(Column other, int[] rows, int rowCount) {
        if (other.nullCount > 0) {
            super.appendFrom(other, rows, rowCount);
            return;
        }
        reserve(rowCount);
        long[] from = ((LongColumn) other).values;
        for (int i = 0; i < rowCount; i++) {
            values[count + i] = from[rows[i]];
        }
        countPresent(rowCount);
    }

    @Override
    public void appendAll(Column other) {
        reserve(other.count);
        System.arraycopy(((LongColumn) other).values, 0, values, count, other.count);
        System.arraycopy(other.nulls, 0, nulls, count, other.count);
        count += other.count;
        nullCount += other.nullCount;
    }

    @Override
    void grow(int capacity) {
        values = Arrays.copyOf(values, capacity);
    }

    @Override
    void appendNullValue() {
        values[count] = 0;
    }

    @Override
    void appendValueFrom(Column other, int row) {
        append(((LongColumn) other).values[row]);
    }

    @Override
    boolean sameValue(int row, Column other, int otherRow) {
        return values[row] == ((LongColumn) other).values[otherRow];
    }

    @Override
    long hashValue(int row) {
        return mix(values[row] + 0x9E3779B97F4A7C15L);
    }

    @Override
    int compareValue(int row, Column other, int otherRow) {
        return Long.compare(values[row], ((LongColumn) other).values[otherRow]);
    }

    @Override
    Object boxed(int row) {
        return values[row];
    }

    @Override
    void appendBoxed(Object value) {
        append((Long) value);
    }
}
