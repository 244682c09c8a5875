package io.millrace.query.source;

import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.log.StreamRecord;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records of a partition in memory, read in chunks of a given number of records.
final class MemoryRecords implements RecordReader {
    private record Entry(
            long offset,
            long timestampMs,
            byte @Nullable [] key,
            byte @Nullable [] value,
            List<RecordHeader> headers) {}

    private final List<Entry> entries = new ArrayList<>();
    private final int chunkRecords;
    private byte[] chunk = new byte[16];
    private int[] keyStarts = {};
    private int[] valueStarts = {};
    private int chunkFirst;
    private int chunkCount;
    private int current = -1;
    private long chunkEnd;
    private int next;
    private long position;
    private boolean closed;

    MemoryRecords(int chunkRecords) {
        this.chunkRecords = chunkRecords;
    }

    MemoryRecords add(@Nullable String key, @Nullable String value, RecordHeader... headers) {
        return add(
                key == null ? null : key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8),
                headers);
    }

    MemoryRecords add(byte @Nullable [] key, byte @Nullable [] value, RecordHeader... headers) {
        long offset = entries.isEmpty() ? 0 : entries.getLast().offset() + 1;
        entries.add(new Entry(offset, 1_000_000 + offset, key, value, List.of(headers)));
        return this;
    }

    /// The same records once more, from the start.
    MemoryRecords again(int otherChunkRecords) {
        MemoryRecords copy = new MemoryRecords(otherChunkRecords);
        copy.entries.addAll(entries);
        return copy;
    }

    boolean closed() {
        return closed;
    }

    @Override
    public boolean fill(long endOffset, int bytesMax) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {'"', '{', '\\'}); // what lies before must not matter
        chunkFirst = next;
        chunkEnd = endOffset;
        keyStarts = new int[chunkRecords];
        valueStarts = new int[chunkRecords];
        chunkCount = 0;
        while (chunkCount < chunkRecords
                && next < entries.size()
                && entries.get(next).offset() < endOffset) {
            Entry entry = entries.get(next++);
            keyStarts[chunkCount] = bytes.size();
            bytes.writeBytes(entry.key() == null ? new byte[0] : entry.key());
            valueStarts[chunkCount] = bytes.size();
            bytes.writeBytes(entry.value() == null ? new byte[0] : entry.value());
            chunkCount++;
        }
        chunk = bytes.toByteArray();
        current = -1;
        return chunkCount > 0;
    }

    @Override
    public boolean next() {
        if (current + 1 >= chunkCount || entries.get(chunkFirst + current + 1).offset() >= chunkEnd) {
            return false;
        }
        current++;
        position = entry().offset() + 1;
        return true;
    }

    private Entry entry() {
        return entries.get(chunkFirst + current);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public long offset() {
        return entry().offset();
    }

    @Override
    public long timestampMs() {
        return entry().timestampMs();
    }

    @Override
    public byte[] bytes() {
        return chunk;
    }

    @Override
    public int keyStart() {
        return keyStarts[current];
    }

    @Override
    public int keyLength() {
        byte[] key = entry().key();
        return key == null ? -1 : key.length;
    }

    @Override
    public int valueStart() {
        return valueStarts[current];
    }

    @Override
    public int valueLength() {
        byte[] value = entry().value();
        return value == null ? -1 : value.length;
    }

    @Override
    public int headerCount() {
        return entry().headers().size();
    }

    @Override
    public List<RecordHeader> headers() {
        return entry().headers();
    }

    @Override
    public StreamRecord copy() {
        throw new UnsupportedOperationException("not needed here");
    }

    @Override
    public void close() {
        closed = true;
    }
}
