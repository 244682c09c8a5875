package io.millrace.log;

import io.millrace.log.batch.Varint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records that wait to become a batch: packed into one array, without an object each. Reusable through
/// [#clear].
///
/// Per record the array holds key, value and encoded headers back to back; lengths and timestamps lie in arrays
/// of their own.
///
/// Threading: one thread at a time; hand over with a happens-before edge.
public final class RecordBuffer {
    /// Offset deltas are zig-zag ints, arrays have int positions.
    private static final int COUNT_MAX = 1 << 26;

    private static final int SIZE_BYTES_MAX = 1 << 30;
    /// Version 0 and a type that Kafka does not use, 16 bits each, as every control record's key.
    private static final byte[] MARKER_KEY = {0, 0, 0x4d, 0x52};

    private byte[] bytes = new byte[1024];
    private int sizeBytes;
    private int count;

    // only the first `count` elements mean something
    private long[] timestamps = new long[16];
    private int[] keyLengths = new int[16];
    private int[] valueLengths = new int[16];
    private int[] headerSizes = new int[16];

    private boolean marker;

    /// A buffer that becomes a marker: a control batch of one record, which ordinary readers step over. Kafka's
    /// tools show it as a control batch of unknown type.
    public static RecordBuffer marker(long timestampMs, byte[] value) {
        RecordBuffer buffer = new RecordBuffer();
        buffer.add(timestampMs, MARKER_KEY, 0, MARKER_KEY.length, value, 0, value.length, List.of());
        buffer.marker = true;
        return buffer;
    }

    /// Whether the records are a marker, which must have a batch of its own.
    public boolean isMarker() {
        return marker;
    }

    /// Adds a record; the bytes are copied. `key` null for none, `value` null for a tombstone, `headers`
    /// usually empty.
    ///
    /// @throws IllegalArgumentException a range leaves its array, or the buffer would exceed 1 GiB; nothing was
    ///     added
    public void add(
            long timestampMs,
            byte @Nullable [] key,
            int keyStart,
            int keyLength,
            byte @Nullable [] value,
            int valueStart,
            int valueLength,
            List<RecordHeader> headers) {
        int keyBytes = key == null ? 0 : checkedLength(key, keyStart, keyLength);
        int valueBytes = value == null ? 0 : checkedLength(value, valueStart, valueLength);
        int headerBytes = headers.isEmpty() ? 0 : sizeBytesOf(headers);
        int at = reserve((long) keyBytes + valueBytes + headerBytes, 1);
        if (key != null) {
            System.arraycopy(key, keyStart, bytes, at, keyBytes);
            at += keyBytes;
        }
        if (value != null) {
            System.arraycopy(value, valueStart, bytes, at, valueBytes);
            at += valueBytes;
        }
        if (headerBytes > 0) {
            at = encode(headers, at);
        }
        sizeBytes = at;
        timestamps[count] = timestampMs;
        keyLengths[count] = key == null ? -1 : keyBytes;
        valueLengths[count] = value == null ? -1 : valueBytes;
        headerSizes[count] = headerBytes;
        count++;
    }

    public int count() {
        return count;
    }

    /// Bytes of the packed records.
    public int sizeBytes() {
        return sizeBytes;
    }

    public void clear() {
        count = 0;
        sizeBytes = 0;
        marker = false;
    }

    /// Appends all records of `other` behind the ones here. An empty buffer becomes a marker when `other` is one.
    ///
    /// @throws IllegalArgumentException a marker would get company
    public void addAll(RecordBuffer other) {
        if ((marker && other.count > 0) || (other.marker && count > 0)) {
            throw new IllegalArgumentException("a marker has a batch of its own");
        }
        int more = other.count;
        int at = reserve(other.sizeBytes, more);
        System.arraycopy(other.bytes, 0, bytes, at, other.sizeBytes);
        System.arraycopy(other.timestamps, 0, timestamps, count, more);
        System.arraycopy(other.keyLengths, 0, keyLengths, count, more);
        System.arraycopy(other.valueLengths, 0, valueLengths, count, more);
        System.arraycopy(other.headerSizes, 0, headerSizes, count, more);
        sizeBytes = at + other.sizeBytes;
        count += more;
        marker |= other.marker;
    }

    /// The same records, ordered by nothing but their content (those with headers first, then by key and value;
    /// the time does not count), without the first `skip` of them, in buffers of at most `bytesMax`
    /// ([BatchWriter#sizeBytesMax]); a record larger than that has a buffer for itself.
    ///
    /// So a writer that was interrupted between two of these buffers can make them again, and go on.
    public List<RecordBuffer> inOrderOfContent(long skip, int bytesMax) {
        int[] starts = new int[count];
        Integer[] order = new Integer[count];
        int at = 0;
        for (int index = 0; index < count; index++) {
            order[index] = index;
            starts[index] = at;
            at += Math.max(0, keyLengths[index]) + Math.max(0, valueLengths[index]) + headerSizes[index];
        }
        Arrays.sort(order, (left, right) -> compareContent(left, right, starts));
        List<RecordBuffer> parts = new ArrayList<>();
        RecordBuffer part = new RecordBuffer();
        for (long i = skip; i < count; i++) {
            int index = order[(int) i];
            int size = Math.max(0, keyLengths[index]) + Math.max(0, valueLengths[index]) + headerSizes[index];
            if (part.count > 0 && BatchWriter.sizeBytesMax(part.count + 1, part.sizeBytes + (long) size) > bytesMax) {
                parts.add(part);
                part = new RecordBuffer();
            }
            part.addEncoded(this, index, starts[index], size);
        }
        if (part.count > 0) {
            parts.add(part);
        }
        return parts;
    }

    private int compareContent(int left, int right, int[] starts) {
        int byHeaders = Boolean.compare(headerSizes[right] > 0, headerSizes[left] > 0);
        if (byHeaders != 0) {
            return byHeaders;
        }
        int byKey = compare(starts[left], keyLengths[left], starts[right], keyLengths[right]);
        if (byKey != 0) {
            return byKey;
        }
        int leftValue = starts[left] + Math.max(0, keyLengths[left]);
        int rightValue = starts[right] + Math.max(0, keyLengths[right]);
        int byValue = compare(leftValue, valueLengths[left], rightValue, valueLengths[right]);
        if (byValue != 0) {
            return byValue;
        }
        return compare(
                leftValue + Math.max(0, valueLengths[left]),
                headerSizes[left],
                rightValue + Math.max(0, valueLengths[right]),
                headerSizes[right]);
    }

    /// What is absent (−1) comes before what is empty.
    private int compare(int left, int leftLength, int right, int rightLength) {
        if (leftLength < 0 || rightLength < 0) {
            return Integer.compare(leftLength, rightLength);
        }
        return Arrays.compare(bytes, left, left + leftLength, bytes, right, right + rightLength);
    }

    private void addEncoded(RecordBuffer from, int index, int start, int size) {
        int at = reserve(size, 1);
        System.arraycopy(from.bytes, start, bytes, at, size);
        sizeBytes = at + size;
        timestamps[count] = from.timestamps[index];
        keyLengths[count] = from.keyLengths[index];
        valueLengths[count] = from.valueLengths[index];
        headerSizes[count] = from.headerSizes[index];
        count++;
    }

    byte[] bytes() {
        return bytes;
    }

    long timestampMs(int index) {
        return timestamps[index];
    }

    int keyLength(int index) {
        return keyLengths[index];
    }

    int valueLength(int index) {
        return valueLengths[index];
    }

    /// Bytes of the encoded headers with their count in front; 0 when there are none.
    int headerSizeBytes(int index) {
        return headerSizes[index];
    }

    long maxTimestampMs() {
        long max = Long.MIN_VALUE;
        for (int index = 0; index < count; index++) {
            max = Math.max(max, timestamps[index]);
        }
        return max;
    }

    private static int checkedLength(byte[] array, int start, int length) {
        if (start < 0 || length < 0 || length > array.length - start) {
            throw new IllegalArgumentException(
                    "%d bytes from %d on do not lie in an array of %d bytes".formatted(length, start, array.length));
        }
        return length;
    }

    /// Makes room and returns the position of the first new byte.
    private int reserve(long moreBytes, int moreRecords) {
        long needed = sizeBytes + moreBytes;
        if (needed > SIZE_BYTES_MAX || count + (long) moreRecords > COUNT_MAX) {
            throw new IllegalArgumentException(
                    "a buffer holds at most %d bytes and %d records; %d bytes and %d records are there, %d and %d were to be added. Split the batch."
                            .formatted(SIZE_BYTES_MAX, COUNT_MAX, sizeBytes, count, moreBytes, moreRecords));
        }
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.max(needed, Math.min(bytes.length * 2L, SIZE_BYTES_MAX)));
        }
        int records = count + moreRecords;
        if (records > timestamps.length) {
            int capacity = Math.max(records, timestamps.length * 2);
            timestamps = Arrays.copyOf(timestamps, capacity);
            keyLengths = Arrays.copyOf(keyLengths, capacity);
            valueLengths = Arrays.copyOf(valueLengths, capacity);
            headerSizes = Arrays.copyOf(headerSizes, capacity);
        }
        return sizeBytes;
    }

    private static int sizeBytesOf(List<RecordHeader> headers) {
        long size = Varint.sizeBytes(Varint.zigZag(headers.size()));
        for (RecordHeader header : headers) {
            int name = header.name().getBytes(StandardCharsets.UTF_8).length;
            int value = header.value().length;
            size += Varint.sizeBytes(Varint.zigZag(name)) + (long) name;
            size += Varint.sizeBytes(Varint.zigZag(value)) + (long) value;
        }
        if (size > SIZE_BYTES_MAX) {
            throw new IllegalArgumentException("headers of %d bytes are too large".formatted(size));
        }
        return (int) size;
    }

    private int encode(List<RecordHeader> headers, int position) {
        int at = Varint.put(bytes, position, Varint.zigZag(headers.size()));
        for (RecordHeader header : headers) {
            at = putSized(header.name().getBytes(StandardCharsets.UTF_8), at);
            at = putSized(header.value(), at);
        }
        return at;
    }

    private int putSized(byte[] part, int position) {
        int at = Varint.put(bytes, position, Varint.zigZag(part.length));
        System.arraycopy(part, 0, bytes, at, part.length);
        return at + part.length;
    }
}
