package io.millrace.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;

/// One partition's records.
///
/// Threading: `append`, `raiseEarliest`, `advanceHighWatermark` and `close` belong to the one writer; `flush`
/// to it or to one other thread; everything else is for any thread and never waits for the writer.
public interface PartitionLog extends AutoCloseable {
    /// First offset that can still be read.
    long earliestOffset();

    /// Offset of the next record to be appended.
    long nextOffset();

    /// First offset that readers may *not* see yet.
    long highWatermark();

    /// Lets readers go up to `offset` (excluded). Never moves back.
    void advanceHighWatermark(long offset);

    /// Appends one whole record batch (Kafka layout v2, magic 2) without fsync and returns the offset of its
    /// first record. Base offset and partition leader epoch are written into the batch; both lie outside its
    /// checksum. The batch's own checksum is *not* verified again here.
    ///
    /// @param batch its remaining bytes are the batch; position is left unchanged
    /// @throws IOException the disk failed; the log must be closed and recovered
    long append(ByteBuffer batch, int leaderEpoch) throws IOException;

    /// Makes all that was appended before the call durable and returns where that ends. May run on another
    /// thread while the writer goes on appending.
    ///
    /// @throws IOException the disk failed; the log must be closed and recovered
    LogEnd flush() throws IOException;

    /// Where the log ends now, durable or not.
    LogEnd end();

    /// A reader that starts at the first record with an offset of at least `fromOffset`.
    ///
    /// @throws OffsetOutOfRangeException below the earliest or above the next offset
    RecordReader reader(long fromOffset) throws IOException;

    /// The same, but it also delivers markers ([RecordBuffer#marker]); [RecordReader#isMarker] tells them
    /// apart.
    RecordReader readerWithMarkers(long fromOffset) throws IOException;

    /// First offset whose record has a timestamp of at least `timestampMs`, or the high watermark when there is
    /// none.
    long offsetAtTime(long timestampMs) throws IOException;

    /// Segments in order; the last one is open.
    List<Segment> segments();

    /// Raises the earliest offset and deletes the segments that lie wholly below it. Lower values do nothing.
    void raiseEarliest(long offset) throws IOException;

    /// The floor that retention asks for: the first offset to keep. From the oldest on, sealed segments go
    /// while their largest timestamp is below `olderThanMs` (a point in time, not an age), or while the log has
    /// more than `bytesMax` bytes. Nothing above the high watermark goes. Decides nothing itself.
    ///
    /// @param olderThanMs `Long.MIN_VALUE` for no limit
    /// @param bytesMax `Long.MAX_VALUE` for no limit
    long retentionFloor(long olderThanMs, long bytesMax);

    /// Bytes on disk, all segments.
    long sizeBytes();

    /// Reads every batch of every segment and compares checksums and offsets; for a scrubber. Any thread.
    ///
    /// @throws CorruptLogException the first batch that is not what was written
    void verify(VerifyProgress progress) throws IOException;

    /// CRC32C of the first bytes of a segment, after every batch in them was verified: what comes out is never
    /// the checksum of damaged bytes. Any thread.
    ///
    /// @param segmentFirstOffset names the segment
    /// @param sizeBytes a position between two batches, or the segment's end
    /// @throws CorruptLogException a batch is not what was written
    /// @throws IOException there is no such segment, or it could not be read
    int checksum(long segmentFirstOffset, long sizeBytes) throws IOException;

    /// Sends everyone who still reads here to another log with the same records at the same offsets, as far as
    /// it has them. Nothing may be appended here any more.
    void replaceBy(PartitionLog successor);

    /// Hears of every batch that a reader found not to be what was written, on the reader's thread; one
    /// listener.
    void onDamage(Consumer<CorruptLogException> listener);

    /// Closes the files; does not flush. Readers stay usable.
    @Override
    void close() throws IOException;

    /// Hears how far a verification has come.
    @FunctionalInterface
    interface VerifyProgress {
        /// Called after about every MiB.
        ///
        /// @return false to stop here
        boolean verified(long bytesDone, long bytesTotal);
    }

    /// One segment file.
    ///
    /// @param lastTimestampMs largest record timestamp, −1 when empty
    record Segment(long firstOffset, long nextOffset, long sizeBytes, long lastTimestampMs, boolean sealed) {}
}
