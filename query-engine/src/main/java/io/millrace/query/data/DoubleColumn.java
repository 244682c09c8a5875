package io.millrace.query.data;

import java.util.Arrays;

/// Values of REAL and DOUBLE. As in PostgreSQL, NaN equals NaN and is larger than everything else, and −0.0
/// equals 0.0.
public final class DoubleColumn extends Column {
    private double[] values = new double[CAPACITY_AT_FIRST];

    /// Valid up to [#count].
    public double[] values() {
        return values;
    }

    public double get(int row) {
        return values[row];
    }

    public void append(double value) {
        reserve(1);
        values[count] = value;
        countPresent();
    }

    @Override
    public void appendFrom(Column other, int[] rows, int rowCount) {
        if (other.nullCount > 0) {
            super.appendFrom(other, rows, rowCount);
            return;
        }
        reserve(rowCount);
        double[] from = ((DoubleColumn) other).values;
        for (int i = 0; i < rowCount; i++) {
            values[count + i] = from[rows[i]];
        }
        countPresent(rowCount);
    }

    @Override
    public void appendAll(Column other) {
        reserve(other.count);
        System.arraycopy(((DoubleColumn) other).values, 0, values, count, other.count);
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
        append(((DoubleColumn) other).values[row]);
    }

    @Override
    boolean sameValue(int row, Column other, int otherRow) {
        return compareValue(row, other, otherRow) == 0;
    }

    @Override
    long hashValue(int row) {
        return mix(Double.doubleToLongBits(values[row] + 0.0)); // + 0.0 turns −0.0 into 0.0
    }

    @Override
    int compareValue(int row, Column other, int otherRow) {
        return Double.compare(values[row] + 0.0, ((DoubleColumn) other).values[otherRow] + 0.0);
    }

    @Override
    Object boxed(int row) {
        return values[row];
    }

    @Override
    void appendBoxed(Object value) {
        append((Double) value);
    }
}
