package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.LongColumn;
import io.millrace.query.state.RowTable;

/// BOOL_AND and BOOL_OR from the weights of true and of false. Two words a group.
final class BooleanAccumulator extends Accumulator {
    private final int argument;
    private final boolean and;

    BooleanAccumulator(int argument, boolean and) {
        this.argument = argument;
        this.and = and;
    }

    @Override
    int words() {
        return 2;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        LongColumn column = input.longs(argument);
        for (int row = 0; row < count; row++) {
            if (!column.isNull(row)) {
                groups.words()[slots[row] * groups.stride() + at + (column.get(row) != 0 ? 1 : 0)] += weights[row];
            }
        }
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        LongColumn longs = (LongColumn) target;
        for (int i = 0; i < count; i++) {
            int word = slots[i] * groups.stride() + at;
            boolean anyFalse = groups.words()[word] > 0;
            boolean anyTrue = groups.words()[word + 1] > 0;
            if (!anyFalse && !anyTrue) {
                longs.appendNull();
            } else {
                longs.append((and ? !anyFalse : anyTrue) ? 1 : 0);
            }
        }
    }
}
