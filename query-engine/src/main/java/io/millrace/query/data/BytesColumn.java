package io.millrace.query.data;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Values of the text and binary types: all bytes in one array, a start and a length for each row.
public final class BytesColumn extends Column {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] data = new byte[CAPACITY_AT_FIRST * 8];
    private int dataLength;
    private int[] starts = new int[CAPACITY_AT_FIRST];
    private int[] lengths = new int[CAPACITY_AT_FIRST];

    /// Bytes of all rows; changes identity when the column grows.
    public byte[] data() {
        return data;
    }

    /// Where each row begins in [#data]; valid up to [#count].
    public int[] starts() {
        return starts;
    }

    public int[] lengths() {
        return lengths;
    }

    public int start(int row) {
        return starts[row];
    }

    public int length(int row) {
        return lengths[row];
    }

    /// Bytes that the rows occupy.
    public int dataLength() {
        return dataLength;
    }

    /// Copies `length` bytes.
    public void append(byte[] source, int start, int length) {
        reserve(1);
        int at = room(length);
        System.arraycopy(source, start, data, at, length);
        commit(at, length);
    }

    public void append(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        append(bytes, 0, bytes.length);
    }

    /// Makes room for `length` bytes and says where in [#data] they may be written; [#commit] makes them a row.
    public int room(int length) {
        int wanted = Math.addExact(dataLength, length);
        if (wanted > data.length) {
            data = Arrays.copyOf(data, (int) Math.max(wanted, Math.min(data.length * 2L, Integer.MAX_VALUE - 8)));
        }
        return dataLength;
    }

    /// Appends a row of the `length` bytes written at `start`, which [#room] returned.
    public void commit(int start, int length) {
        reserve(1);
        starts[count] = start;
        lengths[count] = length;
        dataLength = start + length;
        countPresent();
    }

    /// The value as text; allocates.
    public String text(int row) {
        return new String(data, starts[row], lengths[row], StandardCharsets.UTF_8);
    }

    @Override
    public void clear() {
        super.clear();
        dataLength = 0;
    }

    @Override
    public void truncate(int wanted) {
        super.truncate(wanted);
        dataLength = count == 0 ? 0 : starts[count - 1] + lengths[count - 1];
    }

    @Override
    public void appendAll(Column other) {
        BytesColumn bytes = (BytesColumn) other;
        reserve(other.count);
        int at = room(bytes.dataLength);
        System.arraycopy(bytes.data, 0, data, at, bytes.dataLength);
        for (int row = 0; row < other.count; row++) {
            starts[count + row] = bytes.starts[row] + at;
        }
        System.arraycopy(bytes.lengths, 0, lengths, count, other.count);
        System.arraycopy(other.nulls, 0, nulls, count, other.count);
        dataLength = at + bytes.dataLength;
        count += other.count;
        nullCount += other.nullCount;
    }

    @Override
    void grow(int capacity) {
        starts = Arrays.copyOf(starts, capacity);
        lengths = Arrays.copyOf(lengths, capacity);
    }

    @Override
    void appendNullValue() {
        starts[count] = dataLength;
        lengths[count] = 0;
    }

    @Override
    void appendValueFrom(Column other, int row) {
        BytesColumn bytes = (BytesColumn) other;
        append(bytes.data, bytes.starts[row], bytes.lengths[row]);
    }

    @Override
    boolean sameValue(int row, Column other, int otherRow) {
        BytesColumn bytes = (BytesColumn) other;
        int length = lengths[row];
        return length == bytes.lengths[otherRow]
                && Arrays.equals(
                        data,
                        starts[row],
                        starts[row] + length,
                        bytes.data,
                        bytes.starts[otherRow],
                        bytes.starts[otherRow] + length);
    }

    @Override
    long hashValue(int row) {
        return hash(data, starts[row], lengths[row]);
    }

    /// Hash of a run of bytes, eight at a time.
    public static long hash(byte[] bytes, int start, int length) {
        long hash = length * 0x9E3779B97F4A7C15L;
        int at = start;
        int left = length;
        while (left >= 8) {
            hash = mix(hash ^ (long) LONG.get(bytes, at));
            at += 8;
            left -= 8;
        }
        long tail = 0;
        for (int i = 0; i < left; i++) {
            tail |= (bytes[at + i] & 0xFFL) << (8 * i);
        }
        return mix(hash ^ tail);
    }

    /// Order by unsigned bytes, which for UTF-8 is the order of code points.
    @Override
    int compareValue(int row, Column other, int otherRow) {
        BytesColumn bytes = (BytesColumn) other;
        return Arrays.compareUnsigned(
                data,
                starts[row],
                starts[row] + lengths[row],
                bytes.data,
                bytes.starts[otherRow],
                bytes.starts[otherRow] + bytes.lengths[otherRow]);
    }

    @Override
    Object boxed(int row) {
        return Arrays.copyOfRange(data, starts[row], starts[row] + lengths[row]);
    }

    @Override
    void appendBoxed(Object value) {
        byte[] bytes = (byte[]) value;
        append(bytes, 0, bytes.length);
    }
}
