package io.millrace.log.batch;

import io.millrace.log.RecordHeader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Steps through the uncompressed records of one batch in place. Reusable through [#reset].
///
/// | field          | type    | meaning                                     |
/// |----------------|---------|---------------------------------------------|
/// | length         | varint  | bytes that follow this field                |
/// | attributes     | byte    | unused                                      |
/// | timestampDelta | varlong | to the batch's baseTimestamp                |
/// | offsetDelta    | varint  | to the batch's baseOffset                   |
/// | keyLength      | varint  | −1 for none                                 |
/// | key            | bytes   |                                             |
/// | valueLength    | varint  | −1 for none                                 |
/// | value          | bytes   |                                             |
/// | headerCount    | varint  |                                             |
/// | headers        |         | each: name length, name, value length, value |
///
/// All varints are zig-zag. A length that leads out of its record is found before anything is read through it.
///
/// Threading: one thread at a time. Valid: as long as the array that was given.
public final class RecordCursor {
    /// Bytes that must be readable (not meaningful) behind the records, so that a field can be decoded before
    /// its end is checked: one check for all fixed fields instead of one a byte.
    public static final int SLACK_BYTES = 32;

    private byte[] bytes = new byte[0];
    private int at;
    private int end;
    private int remaining;
    private int lastOffsetDelta;
    private int previousOffsetDelta;
    private long baseOffset;
    private long baseTimestamp;
    private boolean appendTime;
    private long maxTimestamp;

    private long offset;
    private long timestampMs;
    private int keyStart;
    private int keyLength = -1;
    private int valueStart;
    private int valueLength = -1;
    private int headerCount;
    private int headersStart;
    private int recordEnd;

    /// Starts at the first record of a batch.
    ///
    /// @param batch array that holds the batch's header at `headerStart`
    /// @param records array that holds the uncompressed records from `start` to `end` (excluded), and
    ///     [#SLACK_BYTES] more bytes of anything
    public void reset(byte[] batch, int headerStart, byte[] records, int start, int end) {
        this.bytes = records;
        this.at = start;
        this.end = end;
        this.remaining = BatchLayout.recordCount(batch, headerStart);
        this.lastOffsetDelta = BatchLayout.lastOffsetDelta(batch, headerStart);
        this.previousOffsetDelta = -1;
        this.baseOffset = BatchLayout.baseOffset(batch, headerStart);
        this.baseTimestamp = BatchLayout.baseTimestamp(batch, headerStart);
        this.maxTimestamp = BatchLayout.maxTimestamp(batch, headerStart);
        this.appendTime = BatchLayout.hasAppendTime(BatchLayout.attributes(batch, headerStart));
    }

    /// Forgets the batch: [#next] is false until the next reset.
    public void clear() {
        remaining = 0;
    }

    /// Steps to the next record; false behind the last.
    ///
    /// @throws MalformedBatchException the bytes are no records
    public boolean next() throws MalformedBatchException {
        if (remaining == 0) {
            return false;
        }
        remaining--;
        if (at >= end) {
            throw malformed("expected a record, found the end of the batch");
        }
        int length = readInt();
        if (length < 0 || length > end - at) {
            throw malformed("expected a record of at most %d bytes, found length %d".formatted(end - at, length));
        }
        int stop = at + length;
        at++; // attributes, unused
        long timestampDelta = readLong();
        int offsetDelta = readInt();
        if (offsetDelta <= previousOffsetDelta || offsetDelta > lastOffsetDelta) {
            throw malformed("expected an offset delta above %d and at most %d, found %d"
                    .formatted(previousOffsetDelta, lastOffsetDelta, offsetDelta));
        }
        previousOffsetDelta = offsetDelta;
        keyLength = readInt();
        keyStart = at;
        skip(keyLength, stop, "key");
        valueLength = readInt();
        valueStart = at;
        skip(valueLength, stop, "value");
        headerCount = readInt();
        headersStart = at;
        // a header takes at least two bytes, so this also bounds what headers() allocates
        if (at > stop || headerCount < 0 || headerCount > (stop - at) / 2) {
            throw malformed("expected headers within %d bytes, found a count of %d".formatted(stop - at, headerCount));
        }
        recordEnd = stop;
        at = stop;
        offset = baseOffset + offsetDelta;
        timestampMs = appendTime ? maxTimestamp : baseTimestamp + timestampDelta;
        return true;
    }

    private void skip(int length, int stop, String what) throws MalformedBatchException {
        if (at > stop || length < -1 || length > stop - at) {
            throw malformed("expected a %s of at most %d bytes, found length %d".formatted(what, stop - at, length));
        }
        if (length > 0) {
            at += length;
        }
    }

    private MalformedBatchException malformed(String problem) {
        remaining = 0;
        return new MalformedBatchException(problem);
    }

    private int readInt() throws MalformedBatchException {
        byte first = bytes[at++];
        if (first >= 0) {
            return (first >>> 1) ^ -(first & 1);
        }
        int raw = first & 0x7f;
        for (int shift = 7; shift < 35; shift += 7) {
            byte next = bytes[at++];
            raw |= (next & 0x7f) << shift;
            if (next >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw malformed("expected a varint of at most 5 bytes, found a longer one");
    }

    private long readLong() throws MalformedBatchException {
        byte first = bytes[at++];
        if (first >= 0) {
            return (first >>> 1) ^ -(first & 1);
        }
        long raw = first & 0x7f;
        for (int shift = 7; shift < 70; shift += 7) {
            byte next = bytes[at++];
            raw |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw malformed("expected a varint of at most 10 bytes, found a longer one");
    }

    /// Where the next record begins, if there is one.
    public int position() {
        return at;
    }

    public long offset() {
        return offset;
    }

    public long timestampMs() {
        return timestampMs;
    }

    public int keyStart() {
        return keyStart;
    }

    /// Bytes of the key, −1 for none.
    public int keyLength() {
        return keyLength;
    }

    public int valueStart() {
        return valueStart;
    }

    /// Bytes of the value, −1 for none.
    public int valueLength() {
        return valueLength;
    }

    public int headerCount() {
        return headerCount;
    }

    /// Decodes the headers of the current record. A header without a value comes out with an empty one.
    public List<RecordHeader> headers() throws MalformedBatchException {
        if (headerCount == 0) {
            return List.of();
        }
        int resume = at;
        try {
            at = headersStart;
            List<RecordHeader> headers = new ArrayList<>(headerCount);
            for (int index = 0; index < headerCount; index++) {
                int nameLength = readInt();
                int nameStart = at;
                skip(nameLength, recordEnd, "header name");
                int valueLengthOfHeader = readInt();
                int valueStartOfHeader = at;
                skip(valueLengthOfHeader, recordEnd, "header value");
                headers.add(new RecordHeader(
                        new String(bytes, nameStart, Math.max(nameLength, 0), StandardCharsets.UTF_8),
                        Arrays.copyOfRange(
                                bytes, valueStartOfHeader, valueStartOfHeader + Math.max(valueLengthOfHeader, 0))));
            }
            return headers;
        } finally {
            at = resume;
        }
    }
}
