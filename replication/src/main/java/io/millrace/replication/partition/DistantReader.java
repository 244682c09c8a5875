package io.millrace.replication.partition;

import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.log.StreamRecord;
import io.millrace.replication.metadata.Fields;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads a partition of a group that other nodes hold: each fill is one question to one of them, and its answer
/// is the chunk ([Questions]).
///
/// Threading: one thread at a time; `fill` waits for the network.
final class DistantReader implements RecordReader {
    private static final byte[] NOTHING = {};

    private final DistantPartition partition;
    private final boolean withMarkers;
    private long position;
    private long limit;
    private byte[] chunk = NOTHING;
    private ByteBuffer fields = ByteBuffer.wrap(NOTHING);
    private int at; // where the next record begins
    private int left;
    private long behind; // offset behind the chunk
    private long offset;
    private long timestampMs;
    private boolean marker;
    private int keyStart;
    private int keyLength;
    private int valueLength;
    private int headerCount;
    private boolean closed;

    DistantReader(DistantPartition partition, long fromOffset, boolean withMarkers) {
        this.partition = partition;
        this.position = fromOffset;
        this.withMarkers = withMarkers;
    }

    @Override
    public boolean fill(long endOffset, int bytesMax) throws IOException {
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        left = 0;
        limit = Math.min(endOffset, partition.highWatermark());
        while (position < limit) {
            byte[] answer = partition.records(position, limit, bytesMax, withMarkers);
            Questions.verifyRecords(answer);
            ByteBuffer head = ByteBuffer.wrap(answer);
            behind = head.getLong(1);
            left = head.getInt(9);
            at = Questions.RECORDS_START;
            chunk = answer;
            fields = head;
            if (left > 0) {
                return true;
            }
            if (behind <= position) {
                return false; // that node is not as far yet
            }
            position = behind;
        }
        return false;
    }

    @Override
    public boolean next() {
        while (left > 0) {
            offset = fields.getLong(at);
            if (offset >= limit) {
                left = 0;
                position = Math.max(position, limit);
                return false;
            }
            timestampMs = fields.getLong(at + 8);
            marker = fields.get(at + 16) != 0;
            keyLength = fields.getInt(at + 17);
            valueLength = fields.getInt(at + 21);
            headerCount = fields.getInt(at + 25);
            keyStart = at + Questions.RECORD_HEAD_BYTES;
            at = headersStart();
            for (int i = 0; i < 2 * headerCount; i++) {
                at += 4 + fields.getInt(at);
            }
            left--;
            if (offset >= position) {
                position = offset + 1;
                return true;
            }
        }
        if (chunk.length > 0) {
            position = Math.max(position, Math.min(behind, limit));
        }
        return false;
    }

    private int headersStart() {
        return valueStart() + Math.max(0, valueLength);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public long timestampMs() {
        return timestampMs;
    }

    @Override
    public byte[] bytes() {
        return chunk;
    }

    @Override
    public int keyStart() {
        return keyStart;
    }

    @Override
    public int keyLength() {
        return keyLength;
    }

    @Override
    public int valueStart() {
        return keyStart + Math.max(0, keyLength);
    }

    @Override
    public int valueLength() {
        return valueLength;
    }

    @Override
    public int headerCount() {
        return headerCount;
    }

    @Override
    public boolean isMarker() {
        return marker;
    }

    @Override
    public List<RecordHeader> headers() {
        List<RecordHeader> headers = new ArrayList<>(headerCount);
        int start = headersStart();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(chunk, start, chunk.length - start))) {
            for (int i = 0; i < headerCount; i++) {
                headers.add(new RecordHeader(Fields.readText(in), Fields.readBytes(in)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // the answer's checksum fits
        }
        return headers;
    }

    @Override
    @SuppressWarnings("NullAway") // it does not read annotations of arrays in another module
    public StreamRecord copy() {
        return new StreamRecord(
                offset, timestampMs, slice(keyStart(), keyLength), slice(valueStart(), valueLength), headers());
    }

    private byte @Nullable [] slice(int start, int length) {
        return length < 0 ? null : Arrays.copyOfRange(chunk, start, start + length);
    }

    @Override
    public void close() {
        closed = true;
        left = 0;
    }
}
