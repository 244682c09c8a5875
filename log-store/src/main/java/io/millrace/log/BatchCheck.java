package io.millrace.log;

import io.millrace.log.batch.BatchLayout;
import io.millrace.log.batch.MalformedBatchException;
import io.millrace.log.batch.RecordCursor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// Looks at a record batch that somebody else has encoded, before it is believed: an appender looks at its
/// header only, and readers trip over the rest.
public final class BatchCheck {
    private BatchCheck() {}

    /// @param bytes hold the batch from `start` on, `length` bytes
    /// @param recordCount that it must have
    /// @throws IllegalArgumentException these are not exactly one batch with base offset 0, uncompressed and
    ///     well-formed to its last header, that [PartitionLog#append] would take and [RecordReader] would read
    public static void require(byte[] bytes, int start, int length, int recordCount) {
        BatchLayout.requireBatch(ByteBuffer.wrap(bytes), start, length);
        if (BatchLayout.recordCount(bytes, start) != recordCount || BatchLayout.baseOffset(bytes, start) != 0) {
            throw new IllegalArgumentException("expected a batch of %d records from offset 0 on, found %d from %d on"
                    .formatted(
                            recordCount, BatchLayout.recordCount(bytes, start), BatchLayout.baseOffset(bytes, start)));
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, start + BatchLayout.CHECKSUMMED_START, length - BatchLayout.CHECKSUMMED_START);
        if ((int) crc.getValue() != BatchLayout.checksum(bytes, start)) {
            throw new IllegalArgumentException("expected a batch with checksum 0x%08x, found 0x%08x"
                    .formatted(BatchLayout.checksum(bytes, start), (int) crc.getValue()));
        }
        if (BatchLayout.compressionId(BatchLayout.attributes(bytes, start)) != Compression.NONE.id()) {
            throw new IllegalArgumentException("expected an uncompressed batch");
        }
        requireRecords(bytes, start, length, recordCount);
    }

    private static void requireRecords(byte[] bytes, int start, int length, int recordCount) {
        byte[] readable = Arrays.copyOfRange(bytes, start, start + length + RecordCursor.SLACK_BYTES);
        RecordCursor cursor = new RecordCursor();
        cursor.reset(readable, 0, readable, BatchLayout.HEADER_SIZE_BYTES, length);
        int found = 0;
        try {
            while (cursor.next()) {
                cursor.headers();
                found++;
            }
        } catch (MalformedBatchException e) {
            throw new IllegalArgumentException(
                    "record %d of the batch is none: %s".formatted(found, e.getMessage()), e);
        }
        if (found != recordCount || cursor.position() != length) {
            throw new IllegalArgumentException("the batch has %d of %d records, and %d bytes behind them"
                    .formatted(found, recordCount, length - cursor.position()));
        }
    }
}
