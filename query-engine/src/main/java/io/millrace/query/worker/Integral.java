package io.millrace.query.worker;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/// The sum of changes: each distinct row with the sum of its weights.
///
/// An open-addressing table of row numbers over one columnar batch; rows whose weight has become 0 are left out
/// on reading and swept when they are the majority. Threading: one thread at a time.
final class Integral {
    private static final int SLOTS_AT_FIRST = 1024;

    private final Schema schema;
    private Batch rows;
    private int[] slots = new int[SLOTS_AT_FIRST]; // row + 1, 0 for free
    private int zeroRows;

    Integral(Schema schema) {
        this.schema = schema;
        rows = new Batch(schema);
    }

    void add(Batch changes) {
        for (int row = 0; row < changes.count(); row++) {
            add(changes, row, changes.weight(row));
        }
        if (zeroRows > 4096 && zeroRows > rows.count() / 2) {
            sweep();
        }
    }

    /// Rows with a weight other than 0.
    int count() {
        return rows.count() - zeroRows;
    }

    /// Appends every row with its weight to `target`, those of negative weight first: a reader that applies
    /// changes one by one then never sees a key twice.
    void drainTo(Batch target) {
        append(target, weight -> Integer.compare(0, weight));
        append(target, weight -> weight);
        clear();
    }

    /// All rows, also those of weight 0, which callers skip.
    Batch rows() {
        return rows;
    }

    void clear() {
        rows.clear();
        Arrays.fill(slots, 0);
        zeroRows = 0;
    }

    private void append(Batch target, IntUnaryOperator wanted) {
        for (int row = 0; row < rows.count(); row++) {
            long weight = rows.weight(row);
            if (wanted.applyAsInt(Long.signum(weight)) > 0) {
                target.appendRow(rows, row, weight);
            }
        }
    }

    private void add(Batch changes, int row, long weight) {
        if (weight == 0) {
            return;
        }
        int mask = slots.length - 1;
        int slot = (int) hash(changes, row) & mask;
        while (slots[slot] != 0) {
            int candidate = slots[slot] - 1;
            if (same(changes, row, candidate)) {
                long before = rows.weight(candidate);
                long after = Math.addExact(before, weight);
                rows.weights()[candidate] = after;
                zeroRows += (after == 0 ? 1 : 0) - (before == 0 ? 1 : 0);
                return;
            }
            slot = (slot + 1) & mask;
        }
        rows.appendRow(changes, row, weight);
        slots[slot] = rows.count();
        if (rows.count() * 2 > slots.length) {
            rehash(slots.length * 2);
        }
    }

    private void sweep() {
        Batch kept = new Batch(schema);
        for (int row = 0; row < rows.count(); row++) {
            if (rows.weight(row) != 0) {
                kept.appendRow(rows, row, rows.weight(row));
            }
        }
        rows = kept;
        zeroRows = 0;
        rehash(Math.max(SLOTS_AT_FIRST, Integer.highestOneBit(Math.max(1, kept.count())) * 4));
    }

    private void rehash(int size) {
        slots = new int[size];
        for (int row = 0; row < rows.count(); row++) {
            int slot = (int) hash(rows, row) & (size - 1);
            while (slots[slot] != 0) {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = row + 1;
        }
    }

    private boolean same(Batch changes, int row, int candidate) {
        for (int column = 0; column < schema.size(); column++) {
            if (!rows.column(column).sameAs(candidate, changes.column(column), row)) {
                return false;
            }
        }
        return true;
    }

    private static long hash(Batch batch, int row) {
        long hash = 0;
        for (int column = 0; column < batch.schema().size(); column++) {
            hash = io.millrace.query.data.Column.mix(
                    hash * 31 + batch.column(column).hash(row));
        }
        return hash;
    }
}
