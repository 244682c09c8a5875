package io.millrace.log.read;

import io.millrace.log.Compression;
import io.millrace.log.CorruptLogException;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import io.millrace.log.StreamRecord;
import io.millrace.log.batch.BatchDecompressor;
import io.millrace.log.batch.BatchLayout;
import io.millrace.log.batch.MalformedBatchException;
import io.millrace.log.batch.RecordCursor;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.segment.SegmentFile;
import io.millrace.log.segment.SegmentScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads a log chunk by chunk. A chunk is one array:
///
/// ```
/// 0             rawEnd         rawLength            decodedEnd
/// | whole batches | rest, kept  | decompressed records | slack |
/// ```
///
/// What was read of the batch behind the last whole one stays for the next fill, so that no byte is read twice.
/// Each reader has its own file, so that retention and rolling need no word with it.
///
/// Threading: one thread at a time.
public final class LogReader implements RecordReader {
    private static final int SLACK_BYTES = RecordCursor.SLACK_BYTES;
    private static final int CHUNK_BYTES_MIN = 4096;

    private final LogView log;
    private final boolean withMarkers;
    private final CRC32C crc = new CRC32C();
    private final RecordCursor cursor = new RecordCursor();
    private final BatchDecompressor decompressor = new BatchDecompressor();
    private boolean closed;

    /// Next offset to deliver.
    private long position;

    /// No record at or above it is delivered from this chunk.
    private long limit;

    private @Nullable SegmentFile segment;
    private @Nullable DiskFile file;
    /// Byte of `segment` at which the next fill starts.
    private long filePosition;

    private byte[] chunk = new byte[0];
    /// Byte of `segment` that is the chunk's first.
    private long chunkPosition;
    /// Bytes of the chunk that mirror the file.
    private int rawLength;
    /// End of the batches that belong to this fill.
    private int rawEnd;
    /// One past the last offset of those.
    private long rawNextOffset;
    /// Base offset that the batch at `filePosition` must have, −1 when only an upper bound is known. Base
    /// offsets are not covered by the checksum; that they follow each other is what protects them.
    private long expectedBaseOffset = -1;
    /// The same for the batch behind `rawEnd`.
    private long rawNextBaseOffset = -1;

    /// Batches with records to deliver: where each starts in the chunk, and where its records are.
    private int batchCount;

    private int[] batchStarts = new int[16];
    private int[] recordsStarts = new int[16];
    private int[] recordsEnds = new int[16];
    private boolean[] markers = new boolean[16];
    private int batchIndex;
    private boolean stopped;

    /// @param withMarkers deliver control batches too
    public LogReader(LogView log, long fromOffset, boolean withMarkers) {
        this.log = log;
        this.withMarkers = withMarkers;
        this.position = fromOffset;
    }

    @Override
    public boolean fill(long endOffset, int bytesMax) throws IOException {
        if (closed) {
            throw new IllegalStateException("the reader is closed");
        }
        settle();
        limit = Math.min(endOffset, log.highWatermark());
        int wanted = Math.max(bytesMax, CHUNK_BYTES_MIN);
        while (position < limit) {
            SegmentFile current = enterSegment();
            load(current, wanted);
            if (batchCount > 0) {
                return true;
            }
            position = Math.max(position, rawNextOffset);
            filePosition = chunkPosition + rawEnd;
            expectedBaseOffset = rawNextBaseOffset;
        }
        return false;
    }

    /// Ends the current chunk: the next one starts where the consumer stopped.
    private void settle() {
        if (batchCount > 0) {
            boolean finished = batchIndex == batchCount;
            int start = finished ? rawEnd : batchStarts[Math.max(batchIndex, 0)];
            filePosition = chunkPosition + start;
            expectedBaseOffset = finished ? rawNextBaseOffset : BatchLayout.baseOffset(chunk, start);
        }
        batchCount = 0;
        batchIndex = -1;
        stopped = false;
        cursor.clear();
    }

    private SegmentFile enterSegment() throws IOException {
        SegmentFile current = segment;
        if (current != null && filePosition < current.sizeBytes() && position >= log.earliestOffset()) {
            return current;
        }
        SegmentFile found = segmentOfPosition();
        if (found == current) {
            throw new CorruptLogException(
                    "segment %s ends at byte %d before offset %d, but the log says that it holds offsets up to %d. Reopen the log to recover it."
                            .formatted(found.path(), filePosition, position, found.nextOffset()));
        }
        leaveSegment();
        while (true) {
            try {
                filePosition = found.positionOf(position);
                file = found.openForReading();
                break;
            } catch (NoSuchFileException gone) {
                // retention was faster, or the log was replaced by another one
                SegmentFile again = segmentOfPosition();
                if (again == found) {
                    throw gone;
                }
                found = again;
            }
        }
        segment = found;
        expectedBaseOffset = filePosition == 0 ? found.firstOffset() : -1;
        chunkPosition = filePosition;
        rawLength = 0;
        return found;
    }

    private SegmentFile segmentOfPosition() throws OffsetOutOfRangeException {
        SegmentFile found = log.segmentOf(position);
        if (found == null || position < log.earliestOffset()) {
            throw outOfRange();
        }
        return found;
    }

    private OffsetOutOfRangeException outOfRange() {
        return new OffsetOutOfRangeException(position, log.earliestOffset(), log.nextOffset());
    }

    private void leaveSegment() throws IOException {
        DiskFile open = file;
        segment = null;
        file = null;
        if (open != null) {
            open.close();
        }
    }

    /// Loads batches from `filePosition` on; afterwards `rawEnd` and `rawNextOffset` say how far it came, and
    /// `batchCount` how many of them have records to deliver.
    private void load(SegmentFile current, int wanted) throws IOException {
        long available = current.sizeBytes() - filePosition;
        read(current, (int) Math.min(wanted, available));
        rawEnd = 0;
        rawNextOffset = position;
        rawNextBaseOffset = expectedBaseOffset;
        int decodedEnd = rawLength;
        int decodedStart = rawLength;
        while (true) {
            if (rawLength - rawEnd < BatchLayout.HEADER_SIZE_BYTES) {
                if (rawEnd > 0) {
                    return; // the rest of this batch comes with the next fill
                }
                throw corrupt(
                        current, filePosition, "expected a batch header, found only %d bytes".formatted(rawLength));
            }
            String problem = BatchLayout.problemOfHeader(chunk, rawEnd, available - rawEnd);
            if (problem != null) {
                throw corrupt(current, filePosition + rawEnd, problem);
            }
            long baseOffset = BatchLayout.baseOffset(chunk, rawEnd);
            if (rawNextBaseOffset >= 0 ? baseOffset != rawNextBaseOffset : baseOffset > position) {
                throw corrupt(
                        current,
                        filePosition + rawEnd,
                        "expected base offset %d, found %d"
                                .formatted(rawNextBaseOffset >= 0 ? rawNextBaseOffset : position, baseOffset));
            }
            if (baseOffset >= limit) {
                return;
            }
            int size = (int) BatchLayout.sizeBytes(chunk, rawEnd);
            if (size > rawLength - rawEnd) {
                if (rawEnd > 0) {
                    return;
                }
                // Larger than the chunk. The length is not covered by the checksum, so it is believed, and
                // memory taken, only after the batch has been verified piece by piece.
                verifyInPlace(current);
                read(current, size);
                decodedStart = rawLength;
                decodedEnd = rawLength;
            }
            long next = BatchLayout.nextOffset(chunk, rawEnd);
            if (next > position) {
                verify(current, rawEnd, size);
                int attributes = BatchLayout.attributes(chunk, rawEnd);
                boolean wantedBatch = withMarkers || !BatchLayout.isControl(attributes);
                if (wantedBatch && BatchLayout.recordCount(chunk, rawEnd) > 0) {
                    decodedEnd = accept(current, rawEnd, size, attributes, decodedEnd);
                }
            }
            rawNextOffset = Math.max(rawNextOffset, next);
            rawNextBaseOffset = next;
            rawEnd += size;
            if (rawEnd == rawLength || decodedEnd - decodedStart >= wanted) {
                return;
            }
        }
    }

    /// Notes a batch and decompresses it if need be; returns where the decompressed records now end.
    private int accept(SegmentFile current, int start, int size, int attributes, int decodedEnd) throws IOException {
        int recordsStart = start + BatchLayout.HEADER_SIZE_BYTES;
        int recordsEnd = start + size;
        int newDecodedEnd = decodedEnd;
        if (BatchLayout.compressionId(attributes) != 0) {
            Compression compression = BatchLayout.compression(attributes);
            if (compression == null) {
                throw corrupt(
                        current,
                        chunkPosition + start,
                        "expected compression none, gzip or zstd, found id %d"
                                .formatted(BatchLayout.compressionId(attributes)));
            }
            try {
                decompressor.decompress(compression, chunk, recordsStart, recordsEnd, decodedEnd);
            } catch (MalformedBatchException e) {
                throw corrupt(current, chunkPosition + start, String.valueOf(e.getMessage()));
            }
            chunk = decompressor.array();
            recordsStart = decodedEnd;
            recordsEnd = decompressor.end();
            newDecodedEnd = recordsEnd;
        }
        if (batchCount == batchStarts.length) {
            batchStarts = Arrays.copyOf(batchStarts, batchCount * 2);
            recordsStarts = Arrays.copyOf(recordsStarts, batchCount * 2);
            recordsEnds = Arrays.copyOf(recordsEnds, batchCount * 2);
            markers = Arrays.copyOf(markers, batchCount * 2);
        }
        batchStarts[batchCount] = start;
        recordsStarts[batchCount] = recordsStart;
        recordsEnds[batchCount] = recordsEnd;
        markers[batchCount] = BatchLayout.isControl(attributes);
        batchCount++;
        return newDecodedEnd;
    }

    /// Makes the chunk mirror at least `length` bytes from `filePosition` on, keeping what it already has of
    /// them.
    private void read(SegmentFile current, int length) throws IOException {
        int kept = 0;
        int shift = 0;
        if (filePosition >= chunkPosition && filePosition < chunkPosition + rawLength) {
            shift = (int) (filePosition - chunkPosition);
            kept = rawLength - shift;
        }
        long needed = (long) Math.max(length, kept) + SLACK_BYTES;
        if (needed > Integer.MAX_VALUE - 16) {
            throw corrupt(
                    current, filePosition, "expected a batch that fits into memory, found %d bytes".formatted(length));
        }
        byte[] target = chunk;
        if (needed > chunk.length) {
            // twofold, so that a reader at the tail settles on one array soon
            target = new byte[(int) Math.min(Math.max(needed, chunk.length * 2L), Integer.MAX_VALUE - 16)];
        }
        System.arraycopy(chunk, shift, target, 0, kept);
        chunk = target;
        chunkPosition = filePosition;
        rawLength = kept;
        DiskFile open = file;
        if (length > kept && open != null) {
            int count = open.read(ByteBuffer.wrap(chunk, kept, length - kept), filePosition + kept);
            if (count < length - kept) {
                throw corrupt(
                        current,
                        filePosition + kept + count,
                        "expected %d more bytes, found the end of the file".formatted(length - kept - count));
            }
            rawLength = length;
        }
    }

    private void verify(SegmentFile current, int start, int size) throws CorruptLogException {
        crc.reset();
        crc.update(chunk, start + BatchLayout.CHECKSUMMED_START, size - BatchLayout.CHECKSUMMED_START);
        int found = (int) crc.getValue();
        int expected = BatchLayout.checksum(chunk, start);
        if (found != expected) {
            throw corrupt(
                    current,
                    chunkPosition + start,
                    "expected checksum 0x%08x, found 0x%08x".formatted(expected, found));
        }
    }

    private void verifyInPlace(SegmentFile current) throws IOException {
        DiskFile open = file;
        if (open == null) {
            return;
        }
        SegmentScanner scanner = new SegmentScanner(open, filePosition, current.sizeBytes());
        String problem = scanner.problemAt(filePosition);
        if (problem != null) {
            throw corrupt(current, filePosition, problem);
        }
    }

    private CorruptLogException corrupt(SegmentFile current, long at, String problem) {
        CorruptLogException found = new CorruptLogException(
                "segment %s is corrupt at byte %d: %s. Records from offset %d on must come from another replica."
                        .formatted(current.path(), at, problem, position));
        log.damaged(found);
        return found;
    }

    @Override
    public boolean next() {
        if (stopped || batchCount == 0) {
            return false;
        }
        try {
            while (true) {
                while (cursor.next()) {
                    long offset = cursor.offset();
                    if (offset >= limit) {
                        stopped = true;
                        position = limit; // a gap before this record is stepped over
                        return false;
                    }
                    if (offset >= position) {
                        position = offset + 1;
                        return true;
                    }
                }
                batchIndex++;
                if (batchIndex == batchCount) {
                    stopped = true;
                    // control batches and gaps behind the last record are stepped over too
                    position = Math.max(position, rawNextOffset);
                    return false;
                }
                cursor.reset(chunk, batchStarts[batchIndex], chunk, recordsStarts[batchIndex], recordsEnds[batchIndex]);
            }
        } catch (MalformedBatchException e) {
            throw malformed(e);
        }
    }

    private UncheckedIOException malformed(MalformedBatchException cause) {
        stopped = true;
        SegmentFile current = segment;
        String place = current == null ? "a deleted segment" : current.path().toString();
        CorruptLogException corrupt = new CorruptLogException(
                "segment %s holds no records in the batch at byte %d: %s. Its checksum fits, so it was written like that."
                        .formatted(place, chunkPosition + batchStarts[Math.max(batchIndex, 0)], cause.getMessage()));
        corrupt.initCause(cause);
        return new UncheckedIOException(corrupt);
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public long offset() {
        return cursor.offset();
    }

    @Override
    public boolean isMarker() {
        return markers[batchIndex];
    }

    @Override
    public long timestampMs() {
        return cursor.timestampMs();
    }

    @Override
    public byte[] bytes() {
        return chunk;
    }

    @Override
    public int keyStart() {
        return cursor.keyStart();
    }

    @Override
    public int keyLength() {
        return cursor.keyLength();
    }

    @Override
    public int valueStart() {
        return cursor.valueStart();
    }

    @Override
    public int valueLength() {
        return cursor.valueLength();
    }

    @Override
    public int headerCount() {
        return cursor.headerCount();
    }

    @Override
    public List<RecordHeader> headers() {
        try {
            return cursor.headers();
        } catch (MalformedBatchException e) {
            throw malformed(e);
        }
    }

    @Override
    public StreamRecord copy() {
        return new StreamRecord(
                offset(), timestampMs(), slice(keyStart(), keyLength()), slice(valueStart(), valueLength()), headers());
    }

    private byte @Nullable [] slice(int start, int length) {
        return length < 0 ? null : Arrays.copyOfRange(chunk, start, start + length);
    }

    @Override
    public void close() throws IOException {
        closed = true;
        batchCount = 0;
        leaveSegment();
    }
}
