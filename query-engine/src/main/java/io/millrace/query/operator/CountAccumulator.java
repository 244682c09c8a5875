package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.LongColumn;
import io.millrace.query.state.RowTable;

/// COUNT: `Σ w`, of all rows or of those whose argument is not null. One word a group.
final class CountAccumulator extends Accumulator {
    private final int argument;

    CountAccumulator(int argument) {
        this.argument = argument;
    }

    @Override
    int words() {
        return 1;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        long[] words = groups.words();
        int stride = groups.stride();
        boolean[] nulls = argument >= 0 && input.column(argument).hasNulls()
                ? input.column(argument).nulls()
                : null;
        for (int row = 0; row < count; row++) {
            if (nulls == null || !nulls[row]) {
                words[slots[row] * stride + at] += weights[row];
            }
        }
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        LongColumn longs = (LongColumn) target;
        long[] words = groups.words();
        for (int i = 0; i < count; i++) {
            longs.append(words[slots[i] * groups.stride() + at]);
        }
    }
}
