package io.millrace.query.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One column of a batch: values in a primitive array, nulls in a second one.
///
/// Arrays may be longer than [#count]; what lies behind it means nothing. The value at a null row means nothing
/// either. Threading: one thread at a time. Columns are appended to, then read; [#clear] makes them empty and
/// keeps the arrays.
public abstract sealed class Column permits LongColumn, DoubleColumn, BytesColumn, ObjectColumn {
    static final int CAPACITY_AT_FIRST = 64;

    boolean[] nulls = new boolean[CAPACITY_AT_FIRST];
    int count;
    int nullCount;

    /// An empty column for values of `type`.
    public static Column create(ColumnType type) {
        return switch (type.type().storage()) {
            case LONG -> new LongColumn();
            case DOUBLE -> new DoubleColumn();
            case BYTES -> new BytesColumn();
            case OBJECT -> new ObjectColumn();
        };
    }

    public final int count() {
        return count;
    }

    public final boolean isNull(int row) {
        return nulls[row];
    }

    public final boolean hasNulls() {
        return nullCount > 0;
    }

    /// One flag a row; valid up to [#count].
    public final boolean[] nulls() {
        return nulls;
    }

    public final void appendNull() {
        reserve(1);
        appendNullValue();
        nulls[count++] = true;
        nullCount++;
    }

    /// Appends the value of `other` (of the same storage) at `row`, null included.
    public final void appendFrom(Column other, int row) {
        if (other.nulls[row]) {
            appendNull();
        } else {
            appendValueFrom(other, row);
        }
    }

    /// Appends the rows `rows[0..rowCount)` of `other`.
    public void appendFrom(Column other, int[] rows, int rowCount) {
        reserve(rowCount);
        for (int i = 0; i < rowCount; i++) {
            appendFrom(other, rows[i]);
        }
    }

    /// Appends all rows of `other`, of the same storage.
    public void appendAll(Column other) {
        reserve(other.count);
        for (int row = 0; row < other.count; row++) {
            appendFrom(other, row);
        }
    }

    public void clear() {
        count = 0;
        nullCount = 0;
    }

    /// Takes back all rows from `wanted` on.
    public void truncate(int wanted) {
        for (int row = wanted; row < count; row++) {
            if (nulls[row]) {
                nullCount--;
            }
        }
        count = Math.min(count, wanted);
    }

    /// Counts `more` rows as present whose values are already in place. Callers have reserved.
    final void countPresent(int more) {
        Arrays.fill(nulls, count, count + more, false);
        count += more;
    }

    /// Makes room for `more` further rows.
    public final void reserve(int more) {
        int wanted = count + more;
        if (wanted > nulls.length) {
            int capacity = Math.max(wanted, nulls.length * 2);
            nulls = Arrays.copyOf(nulls, capacity);
            grow(capacity);
        }
    }

    /// Marks the row that is about to be counted as present. Callers have reserved.
    final void countPresent() {
        nulls[count++] = false;
    }

    abstract void grow(int capacity);

    abstract void appendNullValue();

    abstract void appendValueFrom(Column other, int row);

    /// Whether two values are the same; two nulls are (as GROUP BY and DISTINCT see it).
    public final boolean sameAs(int row, Column other, int otherRow) {
        boolean isNull = nulls[row];
        if (isNull || other.nulls[otherRow]) {
            return isNull && other.nulls[otherRow];
        }
        return sameValue(row, other, otherRow);
    }

    abstract boolean sameValue(int row, Column other, int otherRow);

    /// A hash that agrees with [#sameAs].
    public final long hash(int row) {
        return nulls[row] ? 0x9E3779B97F4A7C15L : hashValue(row);
    }

    abstract long hashValue(int row);

    /// Order of two values, nulls last (as PostgreSQL does for ascending order).
    public final int compare(int row, Column other, int otherRow) {
        boolean isNull = nulls[row];
        boolean otherIsNull = other.nulls[otherRow];
        if (isNull || otherIsNull) {
            return Boolean.compare(isNull, otherIsNull);
        }
        return compareValue(row, other, otherRow);
    }

    abstract int compareValue(int row, Column other, int otherRow);

    /// The value, boxed: `Long`, `Double`, `byte[]` (a copy) or the object; for tests, oracles and cold paths.
    public final @Nullable Object objectAt(int row) {
        return nulls[row] ? null : boxed(row);
    }

    abstract Object boxed(int row);

    /// Appends what [#objectAt] returned.
    public final void appendObject(@Nullable Object value) {
        if (value == null) {
            appendNull();
        } else {
            appendBoxed(value);
        }
    }

    abstract void appendBoxed(Object value);

    /// Finalizer of a 64-bit hash (splitmix64), so that every input bit reaches every output bit.
    public static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
