package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.Schema;
import java.util.Arrays;
import java.util.List;

/// Assigns rows to windows: linear, each row of `Δin` becomes one row for each window it lies in, with its
/// weight. No state.
///
/// Hopping windows `[s, s + size)` have starts `s ≡ offset (mod slide)`; cumulating ones `[b, e)` have `b =
/// floor(t, size)` and every end `e ≡ offset (mod slide)`, `t < e ≤ b + size`. When each row has exactly one
/// window, only the two bounds are written and the other columns are shared with the input.
public final class WindowOperator extends Operator {
    private final int timeColumn;
    private final boolean cumulate;
    private final long sizeMs;
    private final long slideMs;
    private final long offsetMs;
    private int[] rows = new int[0];
    private long[] startScratch = new long[0];
    private long[] endScratch = new long[0];
    private final LongColumn starts = new LongColumn();
    private final LongColumn ends = new LongColumn();

    public WindowOperator(
            Schema schema, Operator input, int timeColumn, boolean cumulate, long sizeMs, long slideMs, long offsetMs) {
        super(schema, List.of(input));
        this.timeColumn = timeColumn;
        this.cumulate = cumulate;
        this.sizeMs = sizeMs;
        this.slideMs = slideMs;
        this.offsetMs = offsetMs;
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        int count = input.count();
        LongColumn times = input.longs(timeColumn);
        starts.clear();
        ends.clear();
        if (!times.hasNulls() && slideMs == sizeMs) {
            shareColumns(input, times, count);
            return;
        }
        int used = 0;
        for (int row = 0; row < count; row++) {
            if (times.isNull(row)) {
                continue;
            }
            long time = times.get(row);
            long start = floor(time, cumulate ? sizeMs : slideMs);
            if (cumulate) {
                for (long end = floor(time, slideMs) + slideMs; end <= start + sizeMs; end += slideMs) {
                    used = add(used, row, start, end);
                }
            } else {
                long first = floor(time - sizeMs, slideMs) + slideMs;
                for (long at = first; at <= start; at += slideMs) {
                    used = add(used, row, at, at + sizeMs);
                }
            }
        }
        int columns = schema.size() - 2;
        for (int i = 0; i < columns; i++) {
            owned.column(i).appendFrom(input.column(i), rows, used);
        }
        Column startColumn = owned.column(columns);
        Column endColumn = owned.column(columns + 1);
        for (int i = 0; i < used; i++) {
            startColumn.appendFrom(starts, i);
            endColumn.appendFrom(ends, i);
            owned.endRow(input.weight(rows[i]));
        }
    }

    private void shareColumns(Batch input, LongColumn times, int count) {
        long[] values = times.values();
        if (startScratch.length < count) {
            startScratch = new long[Math.max(count, startScratch.length * 2)];
            endScratch = new long[startScratch.length];
        }
        long windowStart = 0;
        long windowEnd = 0; // empty, so that the first row computes its own
        for (int row = 0; row < count; row++) {
            long time = values[row];
            if (time < windowStart || time >= windowEnd) {
                windowStart = floor(time, sizeMs);
                windowEnd = windowStart + sizeMs;
            }
            startScratch[row] = windowStart;
            endScratch[row] = windowEnd;
        }
        starts.append(startScratch, count);
        ends.append(endScratch, count);
        Column[] shared = new Column[schema.size()];
        for (int i = 0; i < shared.length - 2; i++) {
            shared[i] = input.column(i);
        }
        shared[shared.length - 2] = starts;
        shared[shared.length - 1] = ends;
        publish(Batch.view(schema, shared, input.weights(), count));
    }

    private long floor(long time, long step) {
        return Math.floorDiv(time - offsetMs, step) * step + offsetMs;
    }

    private int add(int used, int row, long start, long end) {
        if (used == rows.length) {
            rows = Arrays.copyOf(rows, Math.max(64, used * 2));
        }
        rows[used] = row;
        starts.append(start);
        ends.append(end);
        return used + 1;
    }
}
