package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.LongColumn;
import io.millrace.query.state.RowTable;

/// COUNT(*) without filter: the group's own total, which is kept anyway. No words of its own.
final class TotalAccumulator extends Accumulator {
    @Override
    int words() {
        return 0;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        // the operator adds up the weights
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        LongColumn longs = (LongColumn) target;
        for (int i = 0; i < count; i++) {
            longs.append(groups.words()[slots[i] * groups.stride() + at]);
        }
    }
}
