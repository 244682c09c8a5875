package io.millrace.query.format;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import java.util.Arrays;

/// Finds in the changes of a step what belongs together: a row that is taken away and one that is added under the
/// same key are one update.
///
/// The changes must be consolidated: equal rows summed. Where the key is one that no two rows share, each key then
/// comes up once. Equal rows with a weight of n come up n times. Costs one probe of a hash table for each row; the
/// arrays are reused. Threading: one thread at a time.
public final class ChangePairs {
    private static final int NONE = -1;

    private int[] slots = new int[0];
    private int[] next = new int[0];
    private long[] left = new long[0];

    /// Takes one change.
    public interface Visitor {
        /// @param before row that is taken away, −1 for none
        /// @param after row that is added, −1 for none
        void change(int before, int after);
    }

    /// Visits updates and removals first, then what is new.
    ///
    /// @param key columns; empty when no two rows belong together
    public void visit(Batch changes, int[] key, Visitor visitor) {
        int count = changes.count();
        if (left.length < count) {
            left = new long[count];
            next = new int[count];
        }
        for (int row = 0; row < count; row++) {
            left[row] = changes.weight(row);
        }
        if (key.length > 0) {
            pair(changes, key, visitor);
        }
        for (int row = 0; row < count; row++) {
            for (; left[row] < 0; left[row]++) {
                visitor.change(row, NONE);
            }
        }
        for (int row = 0; row < count; row++) {
            for (; left[row] > 0; left[row]--) {
                visitor.change(NONE, row);
            }
        }
    }

    private void pair(Batch changes, int[] key, Visitor visitor) {
        int count = changes.count();
        int size = Integer.highestOneBit(Math.max(8, count)) * 4;
        if (slots.length < size) {
            slots = new int[size];
        }
        Arrays.fill(slots, 0, size, 0);
        for (int row = 0; row < count; row++) { // the rows taken away, in chains
            if (left[row] < 0) {
                int slot = (int) hash(changes, key, row) & (size - 1);
                next[row] = slots[slot];
                slots[slot] = row + 1;
            }
        }
        for (int row = 0; row < count; row++) {
            if (left[row] > 0) {
                int slot = (int) hash(changes, key, row) & (size - 1);
                for (int at = slots[slot]; at != 0 && left[row] > 0; at = next[at - 1]) {
                    while (left[at - 1] < 0 && left[row] > 0 && same(changes, key, row, at - 1)) {
                        visitor.change(at - 1, row);
                        left[at - 1]++;
                        left[row]--;
                    }
                }
            }
        }
    }

    private static boolean same(Batch changes, int[] key, int row, int other) {
        for (int column : key) {
            if (!changes.column(column).sameAs(row, changes.column(column), other)) {
                return false;
            }
        }
        return true;
    }

    private static long hash(Batch changes, int[] key, int row) {
        long hash = 0;
        for (int column : key) {
            hash = Column.mix(hash * 31 + changes.column(column).hash(row));
        }
        return hash;
    }
}
