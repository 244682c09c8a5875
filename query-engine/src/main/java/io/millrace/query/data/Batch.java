package io.millrace.query.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Rows in columns, each row with a weight: +1 adds it, −1 takes it away. A Z-set, or a change of one (DBSP,
/// VLDB 2023).
///
/// Appended to by its owner, then handed on for reading; whoever receives it reads it before its owner is
/// called again and copies what must live longer. Threading: one thread at a time.
public final class Batch {
    private final Schema schema;
    private final Column[] columns;
    private long[] weights = new long[Column.CAPACITY_AT_FIRST];
    private int count;

    public Batch(Schema schema) {
        this.schema = schema;
        columns = new Column[schema.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = Column.create(schema.type(i));
        }
    }

    private Batch(Schema schema, Column[] columns, long[] weights, int count) {
        this.schema = schema;
        this.columns = columns;
        this.weights = weights;
        this.count = count;
    }

    /// A batch that shares columns and weights with others: nothing is copied. Read only, and valid as long as
    /// they are.
    ///
    /// @param columns each with at least `count` rows
    public static Batch view(Schema schema, Column[] columns, long[] weights, int count) {
        return new Batch(schema, columns.clone(), weights, count);
    }

    /// A view of the first columns under the names of `wanted`.
    public Batch cut(Schema wanted) {
        return new Batch(wanted, Arrays.copyOf(columns, wanted.size()), weights, count);
    }

    public Schema schema() {
        return schema;
    }

    public int count() {
        return count;
    }

    public Column column(int index) {
        return columns[index];
    }

    public LongColumn longs(int index) {
        return (LongColumn) columns[index];
    }

    public DoubleColumn doubles(int index) {
        return (DoubleColumn) columns[index];
    }

    public BytesColumn bytes(int index) {
        return (BytesColumn) columns[index];
    }

    public ObjectColumn objects(int index) {
        return (ObjectColumn) columns[index];
    }

    public long weight(int row) {
        return weights[row];
    }

    /// Valid up to [#count].
    public long[] weights() {
        return weights;
    }

    /// Ends a row: every column has got its value.
    public void endRow(long weight) {
        if (count == weights.length) {
            weights = Arrays.copyOf(weights, count * 2);
        }
        weights[count++] = weight;
    }

    /// Ends `rows` rows of weight +1 at once, whose values are already in the columns.
    public void endRows(int rows) {
        reserveWeights(rows);
        Arrays.fill(weights, count, count + rows, 1);
        count += rows;
    }

    /// Ends the rows `rows[0..rowCount)` of `other`, with its weights; their values are already in the columns.
    public void endRows(Batch other, int[] rows, int rowCount) {
        reserveWeights(rowCount);
        for (int i = 0; i < rowCount; i++) {
            weights[count + i] = other.weights[rows[i]];
        }
        count += rowCount;
    }

    /// Ends all rows of `other`, with its weights; their values are already in the columns.
    public void endRows(Batch other) {
        reserveWeights(other.count);
        System.arraycopy(other.weights, 0, weights, count, other.count);
        count += other.count;
    }

    private void reserveWeights(int more) {
        if (count + more > weights.length) {
            weights = Arrays.copyOf(weights, Math.max(count + more, weights.length * 2));
        }
    }

    /// Appends a row of `other`, whose columns have the same storage, with another weight.
    public void appendRow(Batch other, int row, long weight) {
        for (int i = 0; i < columns.length; i++) {
            columns[i].appendFrom(other.columns[i], row);
        }
        endRow(weight);
    }

    public void appendAll(Batch other) {
        for (int row = 0; row < other.count; row++) {
            appendRow(other, row, other.weights[row]);
        }
    }

    public void clear() {
        for (Column column : columns) {
            column.clear();
        }
        count = 0;
    }

    /// The row as boxed values; for tests, oracles and cold paths.
    public List<@Nullable Object> row(int row) {
        List<@Nullable Object> values = new ArrayList<>(columns.length);
        for (Column column : columns) {
            values.add(column.objectAt(row));
        }
        return values;
    }

    /// Appends what [#row] returned.
    public void appendValues(List<? extends @Nullable Object> values, long weight) {
        for (int i = 0; i < columns.length; i++) {
            columns[i].appendObject(values.get(i));
        }
        endRow(weight);
    }
}
