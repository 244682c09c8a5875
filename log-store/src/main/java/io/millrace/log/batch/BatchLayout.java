package io.millrace.log.batch;

import io.millrace.log.Compression;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Header of a record batch, Kafka layout v2 (magic 2), big-endian.
///
/// | bytes | field                | meaning                                                             |
/// |-------|----------------------|---------------------------------------------------------------------|
/// | 0–7   | baseOffset           | offset of the first record; outside the checksum                    |
/// | 8–11  | length               | bytes that follow this field                                        |
/// | 12–15 | partitionLeaderEpoch | term of the leader that appended; outside the checksum              |
/// | 16    | magic                | 2                                                                   |
/// | 17–20 | checksum             | CRC32C of bytes 21 to the end                                       |
/// | 21–22 | attributes           | bits 0–2 compression, 3 append time, 4 transactional, 5 control     |
/// | 23–26 | lastOffsetDelta      | offset of the last record minus baseOffset                          |
/// | 27–34 | baseTimestamp        | milliseconds; the records hold differences to it                    |
/// | 35–42 | maxTimestamp         | largest timestamp; with append time, that of every record           |
/// | 43–50 | producerId           | −1 for none                                                         |
/// | 51–52 | producerEpoch        | −1 for none                                                         |
/// | 53–56 | baseSequence         | −1 for none                                                         |
/// | 57–60 | recordCount          | records that follow                                                 |
/// | 61–   | records              | see [RecordCursor]; compressed as one block                         |
///
/// Source: Kafka protocol documentation, "Record Batch"; KIP-98.
public final class BatchLayout {
    public static final int HEADER_SIZE_BYTES = 61;

    /// Larger batches are neither written nor believed.
    public static final int BATCH_SIZE_BYTES_MAX = 1 << 30;

    /// First byte that the checksum covers.
    public static final int CHECKSUMMED_START = 21;

    public static final byte MAGIC = 2;

    private static final int BASE_OFFSET = 0;
    private static final int LENGTH = 8;
    /// The length field does not count itself and what is before it.
    private static final int LENGTH_EXCLUDES = 12;

    private static final int LEADER_EPOCH = 12;
    private static final int MAGIC_POSITION = 16;
    private static final int CHECKSUM = 17;
    private static final int ATTRIBUTES = 21;
    private static final int LAST_OFFSET_DELTA = 23;
    private static final int BASE_TIMESTAMP = 27;
    private static final int MAX_TIMESTAMP = 35;
    private static final int PRODUCER_ID = 43;
    private static final int PRODUCER_EPOCH = 51;
    private static final int BASE_SEQUENCE = 53;
    private static final int RECORD_COUNT = 57;

    private static final int COMPRESSION_BITS = 0x07;
    private static final int APPEND_TIME_BIT = 0x08;
    private static final int CONTROL_BIT = 0x20;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);

    private BatchLayout() {}

    public static long baseOffset(byte[] bytes, int start) {
        return (long) LONG.get(bytes, start + BASE_OFFSET);
    }

    /// Bytes of the whole batch as its length field claims, header included. Check it before using it.
    public static long sizeBytes(byte[] bytes, int start) {
        return (long) (int) INT.get(bytes, start + LENGTH) + LENGTH_EXCLUDES;
    }

    public static int leaderEpoch(byte[] bytes, int start) {
        return (int) INT.get(bytes, start + LEADER_EPOCH);
    }

    public static byte magic(byte[] bytes, int start) {
        return bytes[start + MAGIC_POSITION];
    }

    public static int checksum(byte[] bytes, int start) {
        return (int) INT.get(bytes, start + CHECKSUM);
    }

    public static short attributes(byte[] bytes, int start) {
        return (short) SHORT.get(bytes, start + ATTRIBUTES);
    }

    public static int lastOffsetDelta(byte[] bytes, int start) {
        return (int) INT.get(bytes, start + LAST_OFFSET_DELTA);
    }

    public static long nextOffset(byte[] bytes, int start) {
        return baseOffset(bytes, start) + lastOffsetDelta(bytes, start) + 1;
    }

    public static long baseTimestamp(byte[] bytes, int start) {
        return (long) LONG.get(bytes, start + BASE_TIMESTAMP);
    }

    public static long maxTimestamp(byte[] bytes, int start) {
        return (long) LONG.get(bytes, start + MAX_TIMESTAMP);
    }

    public static int recordCount(byte[] bytes, int start) {
        return (int) INT.get(bytes, start + RECORD_COUNT);
    }

    public static boolean isControl(int attributes) {
        return (attributes & CONTROL_BIT) != 0;
    }

    /// True when every record has the batch's maxTimestamp, whatever its own difference says.
    public static boolean hasAppendTime(int attributes) {
        return (attributes & APPEND_TIME_BIT) != 0;
    }

    public static int compressionId(int attributes) {
        return attributes & COMPRESSION_BITS;
    }

    /// The compression with this id; null for one that Millrace does not read (snappy, lz4).
    public static @Nullable Compression compression(int attributes) {
        int id = compressionId(attributes);
        for (Compression compression : Compression.values()) {
            if (compression.id() == id) {
                return compression;
            }
        }
        return null;
    }

    /// Writes a header with base offset 0, no leader epoch and no producer; [#putChecksum] comes last.
    public static void putHeader(
            byte[] bytes,
            int start,
            int sizeBytes,
            Compression compression,
            int recordCount,
            long baseTimestamp,
            long maxTimestamp) {
        LONG.set(bytes, start + BASE_OFFSET, 0L);
        INT.set(bytes, start + LENGTH, sizeBytes - LENGTH_EXCLUDES);
        INT.set(bytes, start + LEADER_EPOCH, -1);
        bytes[start + MAGIC_POSITION] = MAGIC;
        SHORT.set(bytes, start + ATTRIBUTES, (short) compression.id());
        INT.set(bytes, start + LAST_OFFSET_DELTA, recordCount - 1);
        LONG.set(bytes, start + BASE_TIMESTAMP, baseTimestamp);
        LONG.set(bytes, start + MAX_TIMESTAMP, maxTimestamp);
        LONG.set(bytes, start + PRODUCER_ID, -1L);
        SHORT.set(bytes, start + PRODUCER_EPOCH, (short) -1);
        INT.set(bytes, start + BASE_SEQUENCE, -1);
        INT.set(bytes, start + RECORD_COUNT, recordCount);
    }

    /// Makes the batch a control batch; before the checksum is computed, which covers the attributes.
    public static void putControl(byte[] bytes, int start) {
        SHORT.set(bytes, start + ATTRIBUTES, (short) ((short) SHORT.get(bytes, start + ATTRIBUTES) | CONTROL_BIT));
    }

    public static void putChecksum(byte[] bytes, int start, int checksum) {
        INT.set(bytes, start + CHECKSUM, checksum);
    }

    /// Writes what the appender decides; both fields lie outside the checksum. `batch` must be big-endian.
    public static void putPlace(ByteBuffer batch, int start, long baseOffset, int leaderEpoch) {
        batch.putLong(start + BASE_OFFSET, baseOffset);
        batch.putInt(start + LEADER_EPOCH, leaderEpoch);
    }

    /// Checks what an appender must be able to rely on; the checksum is not computed. `batch` must be
    /// big-endian.
    ///
    /// @throws IllegalArgumentException the bytes are not exactly one batch that this log can hold
    public static void requireBatch(ByteBuffer batch, int start, int sizeBytes) {
        if (sizeBytes < HEADER_SIZE_BYTES || sizeBytes > BATCH_SIZE_BYTES_MAX) {
            throw new IllegalArgumentException("a batch of %d bytes cannot be appended: it must have %d to %d bytes"
                    .formatted(sizeBytes, HEADER_SIZE_BYTES, BATCH_SIZE_BYTES_MAX));
        }
        long claimed = (long) batch.getInt(start + LENGTH) + LENGTH_EXCLUDES;
        if (claimed != sizeBytes) {
            throw new IllegalArgumentException(
                    "the batch says that it has %d bytes, but %d were given".formatted(claimed, sizeBytes));
        }
        byte magic = batch.get(start + MAGIC_POSITION);
        if (magic != MAGIC) {
            throw new IllegalArgumentException("batch magic %d is not supported: only %d is".formatted(magic, MAGIC));
        }
        int count = batch.getInt(start + RECORD_COUNT);
        int lastOffsetDelta = batch.getInt(start + LAST_OFFSET_DELTA);
        if (count < 1 || lastOffsetDelta != count - 1) {
            throw new IllegalArgumentException(
                    "a batch to append holds at least one record and no gap, but this one has %d records and last offset delta %d"
                            .formatted(count, lastOffsetDelta));
        }
        short attributes = batch.getShort(start + ATTRIBUTES);
        if (compression(attributes) == null) {
            throw new IllegalArgumentException(
                    "compression id %d is not supported: use none, gzip or zstd".formatted(compressionId(attributes)));
        }
    }

    public static int lastOffsetDelta(ByteBuffer batch, int start) {
        return batch.getInt(start + LAST_OFFSET_DELTA);
    }

    public static long maxTimestamp(ByteBuffer batch, int start) {
        return batch.getLong(start + MAX_TIMESTAMP);
    }

    /// What is wrong with the header at `start`, or null when it can be the header of a batch that has at most
    /// `sizeBytesMax` bytes. The checksum is not computed.
    public static @Nullable String problemOfHeader(byte[] bytes, int start, long sizeBytesMax) {
        long sizeBytes = sizeBytes(bytes, start);
        if (sizeBytes < HEADER_SIZE_BYTES || sizeBytes > BATCH_SIZE_BYTES_MAX) {
            return "expected a batch of %d to %d bytes, found a length field that says %d"
                    .formatted(HEADER_SIZE_BYTES, BATCH_SIZE_BYTES_MAX, sizeBytes);
        }
        if (magic(bytes, start) != MAGIC) {
            return "expected magic %d, found %d".formatted(MAGIC, magic(bytes, start));
        }
        if (sizeBytes > sizeBytesMax) {
            return "expected a batch of %d bytes, found only %d bytes".formatted(sizeBytes, sizeBytesMax);
        }
        if (recordCount(bytes, start) < 0 || lastOffsetDelta(bytes, start) < 0 || baseOffset(bytes, start) < 0) {
            return "expected counts and offsets of at least 0, found base offset %d, last offset delta %d, record count %d"
                    .formatted(baseOffset(bytes, start), lastOffsetDelta(bytes, start), recordCount(bytes, start));
        }
        return null;
    }
}
