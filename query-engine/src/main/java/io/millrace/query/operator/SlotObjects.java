package io.millrace.query.operator;

import io.millrace.query.state.Values;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// An object for each group, null at first.
final class SlotObjects {
    private static final int OBJECT_BYTES = 64; // an estimate

    private @Nullable Object[] values = new @Nullable Object[0];
    private int live;

    @Nullable
    Object get(int slot) {
        return slot < values.length ? values[slot] : null;
    }

    void set(int slot, @Nullable Object value) {
        if (slot >= values.length) {
            values = Arrays.copyOf(values, Math.max(slot + 1, Math.max(32, values.length * 2)));
        }
        live += (value == null ? 0 : 1) - (values[slot] == null ? 0 : 1);
        values[slot] = value;
    }

    long bytes() {
        return 4L * values.length + (long) OBJECT_BYTES * live;
    }

    void save(DataOutput out) throws IOException {
        out.writeInt(values.length);
        for (Object value : values) {
            Values.write(out, value);
        }
    }

    void restore(DataInput in) throws IOException {
        int count = in.readInt();
        values = new @Nullable Object[count];
        live = 0;
        for (int slot = 0; slot < count; slot++) {
            set(slot, Values.read(in));
        }
    }
}
