package io.millrace.query.worker;

import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordHeader;
import io.millrace.query.data.Batch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Turns rows into records, sorted by the partitions of the topic they go to.
///
/// With a key the topic is a table: a row that is added becomes a record, a row that is taken away and not
/// replaced a tombstone. Without a key it is a list of changes: each record is a row, and a header says its
/// weight where that is not 1.
final class TopicWriter {
    static final String WEIGHT_HEADER = "weight";

    private final RowEncoder encoder;
    private final int[] keyColumns;
    private final boolean delete;
    private final Spread spread;
    private final RecordBuffer[] buffers;
    private int next; // partition of the next row without key, when they are spread evenly

    /// Where rows without key go.
    enum Spread {
        /// To each partition in turn.
        EVENLY,
        /// By a hash of the row: it comes to the same partition however the input was cut into steps, which
        /// makes a replay write what is missing and nothing else, and is taken away where it was added.
        BY_CONTENT
    }

    /// @param delete write tombstones for the keys of all rows
    TopicWriter(RowEncoder encoder, int partitions, int[] keyColumns, boolean delete, Spread spread) {
        this.encoder = encoder;
        this.keyColumns = keyColumns.clone();
        this.delete = delete;
        this.spread = spread;
        buffers = new RecordBuffer[partitions];
        for (int i = 0; i < partitions; i++) {
            buffers[i] = new RecordBuffer();
        }
    }

    /// Encodes consolidated changes.
    ///
    /// @return records added to the buffers
    int encode(Batch changes, long timestampMs) {
        return keyColumns.length == 0 ? encodeChanges(changes, timestampMs) : encodeUpserts(changes, timestampMs);
    }

    /// Records for `partition`; the buffer is handed over and replaced by an empty one. Null when there are
    /// none.
    @Nullable
    RecordBuffer take(int partition) {
        RecordBuffer full = buffers[partition];
        if (full.count() == 0) {
            return null;
        }
        buffers[partition] = new RecordBuffer();
        return full;
    }

    void discard(int partition) {
        buffers[partition].clear();
    }

    private int encodeChanges(Batch changes, long timestampMs) {
        int records = 0;
        for (int row = 0; row < changes.count(); row++) {
            long weight = changes.weight(row);
            encoder.value(changes, row);
            List<RecordHeader> headers = weight > 0 ? List.of() : List.of(weightHeader(weight));
            long copies = Math.max(1, weight);
            for (long i = 0; i < copies; i++) {
                buffers[partitionWithoutKey()].add(
                        timestampMs, null, 0, -1, encoder.bytes(), 0, encoder.length(), headers);
            }
            records += (int) copies;
        }
        return records;
    }

    private int partitionWithoutKey() {
        return switch (spread) {
            case BY_CONTENT -> KeyHash.partition(encoder.bytes(), encoder.length(), buffers.length);
            case EVENLY -> {
                int partition = next;
                next = (next + 1) % buffers.length;
                yield partition;
            }
        };
    }

    private static RecordHeader weightHeader(long weight) {
        return new RecordHeader(WEIGHT_HEADER, Long.toString(weight).getBytes(StandardCharsets.US_ASCII));
    }

    private int encodeUpserts(Batch changes, long timestampMs) {
        Set<ByteBuffer> replaced = new HashSet<>();
        int records = 0;
        for (int row = 0; row < changes.count(); row++) {
            if (changes.weight(row) > 0 && !delete) {
                byte[] key = key(changes, row);
                replaced.add(ByteBuffer.wrap(key));
                encoder.value(changes, row);
                add(timestampMs, key, encoder.bytes(), encoder.length());
                records++;
            }
        }
        for (int row = 0; row < changes.count(); row++) {
            if (changes.weight(row) < 0 || delete) {
                byte[] key = key(changes, row);
                if (replaced.add(ByteBuffer.wrap(key))) {
                    add(timestampMs, key, null, -1);
                    records++;
                }
            }
        }
        return records;
    }

    private byte[] key(Batch changes, int row) {
        encoder.key(changes, row, keyColumns);
        return Arrays.copyOf(encoder.bytes(), encoder.length());
    }

    private void add(long timestampMs, byte[] key, byte @Nullable [] value, int length) {
        buffers[KeyHash.partition(key, buffers.length)].add(
                timestampMs, key, 0, key.length, value, 0, length, List.of());
    }
}
