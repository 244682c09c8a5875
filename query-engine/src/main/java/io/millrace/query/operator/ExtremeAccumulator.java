package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.data.SqlType.Storage;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;

/// MIN and MAX where nothing is ever taken back: the best value so far. Two words a group (count, value), and
/// an object for text and decimals.
final class ExtremeAccumulator extends Accumulator {
    private final int argument;
    private final boolean max;
    private final Storage storage;
    private final SlotObjects objects = new SlotObjects();

    ExtremeAccumulator(int argument, boolean max, Storage storage) {
        this.argument = argument;
        this.max = max;
        this.storage = storage;
    }

    @Override
    int words() {
        return 2;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        Column column = input.column(argument);
        boolean[] nulls = column.nulls();
        long[] words = groups.words();
        int stride = groups.stride();
        for (int row = 0; row < count; row++) {
            if (weights[row] == 0 || nulls[row]) {
                continue;
            }
            int slot = slots[row];
            int word = slot * stride + at;
            boolean none = words[word] == 0;
            words[word] = 1;
            switch (column) {
                case LongColumn longs -> {
                    long value = longs.get(row);
                    if (none || (max ? value > words[word + 1] : value < words[word + 1])) {
                        words[word + 1] = value;
                    }
                }
                case DoubleColumn doubles -> {
                    double value = doubles.get(row) + 0.0;
                    int order = none ? 0 : Double.compare(value, Double.longBitsToDouble(words[word + 1]));
                    if (none || (max ? order > 0 : order < 0)) {
                        words[word + 1] = Double.doubleToLongBits(value);
                    }
                }
                case BytesColumn bytes -> {
                    byte[] best = (byte[]) objects.get(slot);
                    int start = bytes.start(row);
                    int end = start + bytes.length(row);
                    int order =
                            best == null ? 0 : Arrays.compareUnsigned(bytes.data(), start, end, best, 0, best.length);
                    if (best == null || (max ? order > 0 : order < 0)) {
                        objects.set(slot, Arrays.copyOfRange(bytes.data(), start, end));
                    }
                }
                case ObjectColumn values -> {
                    Object best = objects.get(slot);
                    int order = best == null ? 0 : ObjectColumn.compareObjects(values.get(row), best);
                    if (best == null || (max ? order > 0 : order < 0)) {
                        objects.set(slot, values.get(row));
                    }
                }
            }
        }
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        for (int i = 0; i < count; i++) {
            int word = slots[i] * groups.stride() + at;
            if (groups.words()[word] == 0) {
                target.appendNull();
                continue;
            }
            long value = groups.words()[word + 1];
            switch (storage) {
                case LONG -> ((LongColumn) target).append(value);
                case DOUBLE -> ((DoubleColumn) target).append(Double.longBitsToDouble(value));
                case BYTES -> {
                    byte[] bytes = (byte[]) Objects.requireNonNull(objects.get(slots[i]));
                    ((BytesColumn) target).append(bytes, 0, bytes.length);
                }
                case OBJECT -> ((ObjectColumn) target).append(Objects.requireNonNull(objects.get(slots[i])));
            }
        }
    }

    @Override
    void drop(RowTable groups, int slot) {
        if (objects.get(slot) != null) {
            objects.set(slot, null);
        }
    }

    @Override
    long extraBytes() {
        return objects.bytes();
    }

    @Override
    void save(DataOutput out) throws IOException {
        objects.save(out);
    }

    @Override
    void restore(DataInput in) throws IOException {
        objects.restore(in);
    }
}
