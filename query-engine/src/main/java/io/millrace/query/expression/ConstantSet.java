package io.millrace.query.expression;

import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import java.util.Arrays;
import java.util.List;

/// The constants of a long IN list, in an open-addressing table. Equal only to itself.
public final class ConstantSet {
    private final long[] longs;
    private final boolean[] used;
    private final byte[][] texts;
    private final int mask;

    private ConstantSet(int count) {
        int capacity = Integer.highestOneBit(Math.max(4, count * 2 - 1)) << 1;
        longs = new long[capacity];
        used = new boolean[capacity];
        texts = new byte[capacity][];
        mask = capacity - 1;
    }

    static ConstantSet ofLongs(List<Object> values) {
        ConstantSet set = new ConstantSet(values.size());
        for (Object value : values) {
            long number = (Long) value;
            int slot = (int) Column.mix(number) & set.mask;
            while (set.used[slot] && set.longs[slot] != number) {
                slot = (slot + 1) & set.mask;
            }
            set.used[slot] = true;
            set.longs[slot] = number;
        }
        return set;
    }

    static ConstantSet ofBytes(List<Object> values) {
        ConstantSet set = new ConstantSet(values.size());
        for (Object value : values) {
            byte[] text = (byte[]) value;
            int slot = (int) BytesColumn.hash(text, 0, text.length) & set.mask;
            while (set.used[slot] && !Arrays.equals(set.texts[slot], text)) {
                slot = (slot + 1) & set.mask;
            }
            set.used[slot] = true;
            set.texts[slot] = text;
        }
        return set;
    }

    public boolean contains(long value) {
        int slot = (int) Column.mix(value) & mask;
        while (used[slot]) {
            if (longs[slot] == value) {
                return true;
            }
            slot = (slot + 1) & mask;
        }
        return false;
    }

    public boolean contains(byte[] bytes, int start, int length) {
        int slot = (int) BytesColumn.hash(bytes, start, length) & mask;
        while (used[slot]) {
            byte[] text = texts[slot];
            if (text.length == length && Arrays.equals(text, 0, length, bytes, start, start + length)) {
                return true;
            }
            slot = (slot + 1) & mask;
        }
        return false;
    }
}
