package io.millrace.log.segment;

import io.millrace.log.batch.BatchLayout;
import io.millrace.log.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Walks the batches of a segment file from a position on and verifies header and checksum of each. Its memory
/// does not depend on what a length field claims: checksums are computed piece by piece.
///
/// Threading: one thread at a time.
public final class SegmentScanner {
    /// What [#next] found.
    public enum Step {
        /// A whole batch whose checksum fits.
        BATCH,
        /// The end, exactly behind a batch.
        END,
        /// Bytes that are no batch; [#problem] says why, [#position] where.
        BAD
    }

    private static final int WINDOW_BYTES = 1 << 18;

    private final DiskFile file;
    private final long end;
    private final CRC32C crc = new CRC32C();
    private final byte[] window;
    private long windowStart;
    private int windowLength;

    private long position;
    private long sizeBytes;
    private long baseOffset;
    private long nextOffset;
    private long maxTimestampMs;
    private @Nullable String problem;

    /// Walks from `start` to `end` (excluded).
    public SegmentScanner(DiskFile file, long start, long end) {
        this.file = file;
        this.end = end;
        this.position = start;
        this.window = new byte[(int) Math.min(WINDOW_BYTES, end)];
    }

    /// Verifies the batch behind the current one.
    public Step next() throws IOException {
        position += sizeBytes;
        sizeBytes = 0;
        if (position == end) {
            return Step.END;
        }
        problem = problemAt(position);
        if (problem != null) {
            return Step.BAD;
        }
        int header = window(position, BatchLayout.HEADER_SIZE_BYTES);
        sizeBytes = BatchLayout.sizeBytes(window, header);
        baseOffset = BatchLayout.baseOffset(window, header);
        nextOffset = BatchLayout.nextOffset(window, header);
        maxTimestampMs = BatchLayout.maxTimestamp(window, header);
        return Step.BATCH;
    }

    /// What is wrong with the batch at `at`; null when nothing is.
    public @Nullable String problemAt(long at) throws IOException {
        if (end - at < BatchLayout.HEADER_SIZE_BYTES) {
            return "expected a batch header of %d bytes, found only %d bytes"
                    .formatted(BatchLayout.HEADER_SIZE_BYTES, end - at);
        }
        int header = window(at, BatchLayout.HEADER_SIZE_BYTES);
        String headerProblem = BatchLayout.problemOfHeader(window, header, end - at);
        if (headerProblem != null) {
            return headerProblem;
        }
        int expected = BatchLayout.checksum(window, header);
        int found = checksum(at + BatchLayout.CHECKSUMMED_START, at + BatchLayout.sizeBytes(window, header));
        return found == expected ? null : "expected checksum 0x%08x, found 0x%08x".formatted(expected, found);
    }

    /// Position of the first good batch at or behind `from` that claims an offset of at least `offsetMin`; −1
    /// when there is none. Tries every byte; nearly all fail on the header, so few checksums are computed.
    public long findGoodBatch(long from, long offsetMin) throws IOException {
        for (long at = from; end - at >= BatchLayout.HEADER_SIZE_BYTES; at++) {
            int header = window(at, BatchLayout.HEADER_SIZE_BYTES);
            if (BatchLayout.magic(window, header) == BatchLayout.MAGIC
                    && BatchLayout.recordCount(window, header) > 0
                    && BatchLayout.baseOffset(window, header) >= offsetMin
                    && problemAt(at) == null) {
                return at;
            }
        }
        return -1;
    }

    /// True when all bytes from `from` to `to` (excluded) are zero.
    public boolean isZero(long from, long to) throws IOException {
        for (long at = from; at < to; at++) {
            if (window[window(at, 1)] != 0) {
                return false;
            }
        }
        return true;
    }

    /// CRC32C of the bytes from `from` to `to` (excluded).
    public int checksum(long from, long to) throws IOException {
        crc.reset();
        long at = from;
        while (at < to) {
            int start = window(at, 1);
            int length = (int) Math.min(windowStart + windowLength - at, to - at);
            crc.update(window, start, length);
            at += length;
        }
        return (int) crc.getValue();
    }

    /// Makes `count` bytes from `at` on readable and returns where in the window they start.
    private int window(long at, int count) throws IOException {
        if (at < windowStart || at + count > windowStart + windowLength) {
            int wanted = (int) Math.min(window.length, end - at);
            windowLength = 0;
            int read = file.read(ByteBuffer.wrap(window, 0, wanted), at);
            if (read < count) {
                throw new IOException("read of %d bytes at byte %d gave only %d: the file became shorter"
                        .formatted(wanted, at, read));
            }
            windowStart = at;
            windowLength = read;
        }
        return (int) (at - windowStart);
    }

    /// Byte at which the current batch, or what is no batch, starts.
    public long position() {
        return position;
    }

    /// Bytes of the current batch.
    public long sizeBytes() {
        return sizeBytes;
    }

    public long baseOffset() {
        return baseOffset;
    }

    public long nextOffset() {
        return nextOffset;
    }

    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    /// Whether the last [#next] found no batch.
    public boolean isBad() {
        return problem != null;
    }

    /// What is wrong, after [Step#BAD].
    public String problem() {
        return problem == null ? "nothing" : problem;
    }
}
