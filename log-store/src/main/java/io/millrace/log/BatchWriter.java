package io.millrace.log;

import io.millrace.log.batch.BatchCompressor;
import io.millrace.log.batch.BatchLayout;
import io.millrace.log.batch.Varint;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// Encodes a [RecordBuffer] as one record batch, Kafka layout v2, base offset 0. Keeps its scratch memory
/// between calls. Records that compression would not make smaller are written uncompressed.
///
/// Threading: one thread at a time.
public final class BatchWriter {
    /// What a record needs besides its bytes: attributes, five varints at their longest, and a header count of
    /// 0.
    private static final int RECORD_OVERHEAD_BYTES_MAX =
            1 + Varint.LONG_SIZE_BYTES_MAX + 4 * Varint.INT_SIZE_BYTES_MAX + 1;

    private final Compression compression;
    private final CRC32C crc = new CRC32C();
    private byte[] scratch = new byte[0];

    public BatchWriter(Compression compression) {
        this.compression = compression;
    }

    /// Largest number of bytes that `records` can need, batch header included.
    ///
    /// @throws IllegalArgumentException they could need more than a batch may have
    public static int sizeBytesMax(RecordBuffer records) {
        long size = sizeBytesMax(records.count(), records.sizeBytes());
        if (size > BatchLayout.BATCH_SIZE_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "%d records with %d bytes may need %d bytes, but a batch has at most %d. Split the batch."
                            .formatted(records.count(), records.sizeBytes(), size, BatchLayout.BATCH_SIZE_BYTES_MAX));
        }
        return (int) size;
    }

    /// The same for `count` records of `sizeBytes` together.
    static long sizeBytesMax(int count, long sizeBytes) {
        return BatchLayout.HEADER_SIZE_BYTES + (long) count * RECORD_OVERHEAD_BYTES_MAX + sizeBytes;
    }

    /// Writes the batch at `target`'s position and moves it. A buffer without records is a caller's mistake.
    ///
    /// @return bytes written
    /// @throws BufferOverflowException `target` has less than what the batch needs; [#sizeBytesMax] always
    ///     suffices
    public int write(RecordBuffer records, ByteBuffer target) {
        if (records.count() == 0) {
            throw new IllegalArgumentException("a batch needs at least one record");
        }
        int sizeBytesMax = sizeBytesMax(records);
        if (target.hasArray() && target.remaining() >= sizeBytesMax) {
            // straight into the target
            int written = encode(records, target.array(), target.arrayOffset() + target.position(), sizeBytesMax);
            target.position(target.position() + written);
            return written;
        }
        // off the heap, or maybe too small: encode aside, then one bulk copy
        byte[] aside;
        if (compression == Compression.NONE) {
            scratch = grown(scratch, sizeBytesMax);
            aside = scratch;
        } else {
            aside = new byte[sizeBytesMax];
        }
        int written = encode(records, aside, 0, sizeBytesMax);
        if (written > target.remaining()) {
            throw new BufferOverflowException();
        }
        target.put(aside, 0, written);
        return written;
    }

    private int encode(RecordBuffer records, byte[] target, int start, int sizeBytesMax) {
        int recordsStart = start + BatchLayout.HEADER_SIZE_BYTES;
        Compression used = Compression.NONE;
        int end;
        if (compression == Compression.NONE) {
            end = encodeRecords(records, target, recordsStart);
        } else {
            scratch = grown(scratch, sizeBytesMax);
            int plainSize = encodeRecords(records, scratch, 0);
            int room = sizeBytesMax - BatchLayout.HEADER_SIZE_BYTES;
            int size = BatchCompressor.compress(compression, scratch, plainSize, target, recordsStart, room);
            if (size == BatchCompressor.NOT_SMALLER) {
                System.arraycopy(scratch, 0, target, recordsStart, plainSize);
                end = recordsStart + plainSize;
            } else {
                used = compression;
                end = recordsStart + size;
            }
        }
        int sizeBytes = end - start;
        BatchLayout.putHeader(
                target, start, sizeBytes, used, records.count(), records.timestampMs(0), records.maxTimestampMs());
        if (records.isMarker()) {
            BatchLayout.putControl(target, start);
        }
        crc.reset();
        crc.update(target, start + BatchLayout.CHECKSUMMED_START, sizeBytes - BatchLayout.CHECKSUMMED_START);
        BatchLayout.putChecksum(target, start, (int) crc.getValue());
        return sizeBytes;
    }

    private static int encodeRecords(RecordBuffer records, byte[] target, int start) {
        byte[] source = records.bytes();
        int count = records.count();
        long baseTimestamp = records.timestampMs(0);
        int from = 0;
        int at = start;
        for (int index = 0; index < count; index++) {
            long timestampDelta = Varint.zigZag(records.timestampMs(index) - baseTimestamp);
            int offsetDelta = Varint.zigZag(index);
            int key = Varint.zigZag(records.keyLength(index));
            int keyBytes = Math.max(records.keyLength(index), 0);
            int value = Varint.zigZag(records.valueLength(index));
            int valueBytes = Math.max(records.valueLength(index), 0);
            int headerBytes = records.headerSizeBytes(index);
            int length = 1
                    + Varint.sizeBytes(timestampDelta)
                    + Varint.sizeBytes(offsetDelta)
                    + Varint.sizeBytes(key)
                    + keyBytes
                    + Varint.sizeBytes(value)
                    + valueBytes
                    + Math.max(headerBytes, 1);
            at = Varint.put(target, at, Varint.zigZag(length));
            target[at++] = 0; // attributes
            at = Varint.put(target, at, timestampDelta);
            at = Varint.put(target, at, offsetDelta);
            at = Varint.put(target, at, key);
            System.arraycopy(source, from, target, at, keyBytes);
            at += keyBytes;
            from += keyBytes;
            at = Varint.put(target, at, value);
            System.arraycopy(source, from, target, at, valueBytes);
            at += valueBytes;
            from += valueBytes;
            if (headerBytes == 0) {
                target[at++] = 0;
            } else {
                System.arraycopy(source, from, target, at, headerBytes);
                at += headerBytes;
                from += headerBytes;
            }
        }
        return at;
    }

    private static byte[] grown(byte[] array, int size) {
        return array.length >= size ? array : new byte[Math.max(size, (int) Math.min(array.length * 2L, 1 << 30))];
    }
}
