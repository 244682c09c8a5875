package io.millrace.log;

import java.io.IOException;

/// A cursor over the records of one partition. Reads chunks of whole batches into one reusable array, verifies
/// checksums, decompresses, and steps through the records in place: no allocation per record.
///
/// ```
/// while (reader.fill(end, 1 << 20)) {
///     while (reader.next()) { use(reader.bytes(), reader.valueStart(), reader.valueLength()); }
/// }
/// ```
///
/// Threading: one thread at a time. Valid: `bytes()` and the positions until the next `fill` or `close`; a
/// `next` keeps them valid, so a consumer may collect positions of a whole chunk before it copies anything.
/// Control batches are skipped, unless the reader comes from [PartitionLog#readerWithMarkers].
public interface RecordReader extends AutoCloseable {
    /// Loads the next batches, at least one and about `bytesMax` bytes, that start below `endOffset` and below
    /// the high watermark.
    ///
    /// @return false when there is nothing to read now; ask again later
    /// @throws CorruptLogException a checksum does not fit; place and offsets are in the message
    /// @throws OffsetOutOfRangeException retention has deleted what was to be read
    boolean fill(long endOffset, int bytesMax) throws IOException;

    /// Steps to the next record of the chunk that is below `endOffset` and the high watermark of the last
    /// `fill`; false at its end.
    ///
    /// @throws java.io.UncheckedIOException with a [CorruptLogException] when bytes that fit their checksum are
    ///     no records: whoever wrote them was wrong
    boolean next();

    /// Offset that `fill` would continue with: one past the last record that `next` stepped over, or where it
    /// starts.
    long position();

    long offset();

    long timestampMs();

    /// The chunk. Keys, values and headers of all its records lie in it until the next `fill`. Its length may
    /// exceed what is valid.
    byte[] bytes();

    int keyStart();

    /// Bytes of the key, −1 for none.
    int keyLength();

    int valueStart();

    /// Bytes of the value, −1 for none (a tombstone).
    int valueLength();

    int headerCount();

    /// Whether the current record is a marker; never, unless the reader was asked for them.
    default boolean isMarker() {
        return false;
    }

    /// Headers of the current record, decoded; allocates.
    java.util.List<RecordHeader> headers();

    /// A copy of the current record that outlives the chunk.
    StreamRecord copy();

    @Override
    void close() throws IOException;
}
