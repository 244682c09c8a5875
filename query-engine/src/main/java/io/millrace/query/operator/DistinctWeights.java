package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnType;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/// Turns the weights of rows into changes of presence: +1 where a group gets a value it had not, −1 where it
/// loses the last.
///
/// For DISTINCT aggregates; shared by all with the same argument and filter. State: a row of about 7 words for
/// each distinct value of a group, in a list from the group's word.
final class DistinctWeights {
    private static final int WEIGHT = 0;
    private static final int NEXT = 1;
    private static final int PREVIOUS = 2;

    private final int argument;
    private final int at;
    private final RowTable values;

    /// @param at place within a group's row of the word that holds the list's first slot + 1
    DistinctWeights(int argument, ColumnType type, int at) {
        this.argument = argument;
        this.at = at;
        values = new RowTable(List.of(type), true, 3, true);
    }

    void apply(RowTable groups, int[] slots, long[] weights, Batch input, int count, long[] changes) {
        values.encode(input, new int[] {argument}, slots);
        for (int row = 0; row < count; row++) {
            changes[row] = 0;
            if (weights[row] == 0) {
                continue;
            }
            int head = slots[row] * groups.stride() + at;
            int value = values.findOrAdd(row);
            if (values.added()) {
                int first = (int) groups.words()[head];
                values.setPayload(value, NEXT, first);
                if (first != 0) {
                    values.setPayload(first - 1, PREVIOUS, value + 1L);
                }
                groups.words()[head] = value + 1L;
            }
            long before = values.payload(value, WEIGHT);
            long after = before + weights[row];
            values.setPayload(value, WEIGHT, after);
            changes[row] = (after > 0 ? 1 : 0) - (before > 0 ? 1 : 0);
            if (after == 0) {
                unlink(groups, head, value);
            }
        }
    }

    private void unlink(RowTable groups, int head, int value) {
        int next = (int) values.payload(value, NEXT);
        int previous = (int) values.payload(value, PREVIOUS);
        if (next != 0) {
            values.setPayload(next - 1, PREVIOUS, previous);
        }
        if (previous != 0) {
            values.setPayload(previous - 1, NEXT, next);
        } else {
            groups.words()[head] = next;
        }
        values.remove(value);
    }

    boolean isEmpty(RowTable groups, int slot) {
        return groups.words()[slot * groups.stride() + at] == 0;
    }

    void drop(RowTable groups, int slot) {
        int value = (int) groups.words()[slot * groups.stride() + at] - 1;
        while (value >= 0) {
            int next = (int) values.payload(value, NEXT) - 1;
            values.remove(value);
            value = next;
        }
    }

    long bytes() {
        return values.bytes();
    }

    long rows() {
        return values.size();
    }

    void save(DataOutput out) throws IOException {
        values.save(out);
    }

    void restore(DataInput in) throws IOException {
        values.restore(in);
    }
}
