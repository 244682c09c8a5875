package io.millrace.log.append;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.LogSettings;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.log.batch.BatchLayout;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.read.LogReader;
import io.millrace.log.read.LogView;
import io.millrace.log.recovery.RecoveredLog;
import io.millrace.log.retention.Retention;
import io.millrace.log.segment.SegmentFile;
import io.millrace.log.segment.SegmentScanner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A log as a list of segments. The writer publishes what it did through volatile fields, in the order bytes,
/// segment, end, high watermark; readers go the other way and so never see an offset whose bytes are not there.
///
/// After the first failed write or fsync the log takes nothing more: what the file holds is then unknown until
/// it is recovered.
public final class SegmentedLog implements PartitionLog, LogView {
    private static final int SEEK_CHUNK_BYTES = 1 << 16;
    private static final long VERIFY_REPORT_BYTES = 1 << 20;

    private final Disk disk;
    private final Path folder;
    private final LogSettings settings;

    // in order of their offsets; replaced whole, never changed; the last one is open
    private volatile List<SegmentFile> segments;
    private volatile LogEnd end;
    private volatile long highWatermark; // <= end.nextOffset
    /// A name in the folder is newer than the folder's last sync.
    private volatile boolean folderDirty = true;

    private volatile @Nullable IOException failure;
    /// Answers for this log once it was replaced; a later one, never this.
    private volatile @Nullable SegmentedLog successor;

    private volatile @Nullable Consumer<CorruptLogException> damageListener;
    private volatile boolean closed;
    private final Object flushLock = new Object();

    public SegmentedLog(Disk disk, Path folder, LogSettings settings, RecoveredLog recovered) {
        this.disk = disk;
        this.folder = folder;
        this.settings = settings;
        this.segments = recovered.segments();
        this.end = recovered.end();
        this.highWatermark = recovered.end().nextOffset();
    }

    @Override
    public long earliestOffset() {
        SegmentedLog newer = successor;
        if (newer != null) {
            return newer.earliestOffset();
        }
        return end.earliestOffset();
    }

    @Override
    public long nextOffset() {
        SegmentedLog newer = successor;
        if (newer != null) {
            return newer.nextOffset();
        }
        return end.nextOffset();
    }

    @Override
    public long highWatermark() {
        SegmentedLog newer = successor;
        if (newer != null) {
            return newer.highWatermark();
        }
        return highWatermark;
    }

    @Override
    public void advanceHighWatermark(long offset) {
        long next = end.nextOffset();
        if (offset > next) {
            throw new IllegalArgumentException(
                    "high watermark %d is beyond the end of the log at offset %d".formatted(offset, next));
        }
        if (offset > highWatermark) {
            highWatermark = offset;
        }
    }

    @Override
    public long append(ByteBuffer batch, int leaderEpoch) throws IOException {
        requireUsable();
        ByteBuffer bytes = batch.duplicate().order(ByteOrder.BIG_ENDIAN);
        int start = bytes.position();
        int size = bytes.remaining();
        BatchLayout.requireBatch(bytes, start, size);
        LogEnd before = end;
        long baseOffset = before.nextOffset();
        long nextOffset = baseOffset + BatchLayout.lastOffsetDelta(bytes, start) + 1;
        try {
            SegmentFile segment = last();
            if (mustRoll(segment, size, nextOffset)) {
                segment = roll();
            }
            BatchLayout.putPlace(bytes, start, baseOffset, leaderEpoch);
            segment.append(bytes, baseOffset, nextOffset, BatchLayout.maxTimestamp(bytes, start));
            end = new LogEnd(segment.firstOffset(), segment.sizeBytes(), nextOffset, before.earliestOffset());
            return baseOffset;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private SegmentFile last() {
        List<SegmentFile> current = segments;
        return current.get(current.size() - 1);
    }

    private boolean mustRoll(SegmentFile segment, int batchBytes, long nextOffset) {
        long size = segment.sizeBytes();
        // an index entry and Kafka's readers hold an offset as an int relative to the segment's first
        return size > 0
                && (size + batchBytes > settings.segmentBytesMax()
                        || nextOffset - 1 - segment.firstOffset() > Integer.MAX_VALUE);
    }

    private SegmentFile roll() throws IOException {
        LogEnd before = end;
        SegmentFile created = SegmentFile.create(disk, folder, before.nextOffset(), settings.indexIntervalBytes());
        folderDirty = true;
        last().seal();
        List<SegmentFile> longer = new ArrayList<>(segments);
        longer.add(created);
        segments = List.copyOf(longer);
        end = new LogEnd(created.firstOffset(), 0, before.nextOffset(), before.earliestOffset());
        return created;
    }

    @Override
    public LogEnd flush() throws IOException {
        synchronized (flushLock) {
            requireUsable();
            LogEnd captured = end; // first: what it counts is in the segments listed next
            List<SegmentFile> current = segments;
            boolean syncFolder = folderDirty;
            folderDirty = false;
            try {
                // the open segment, and the sealed ones before it that no flush has seen yet
                int first = current.size() - 1;
                while (first > 0 && current.get(first - 1).isDirty()) {
                    first--;
                }
                for (SegmentFile segment : current.subList(first, current.size())) {
                    segment.sync();
                }
                if (syncFolder) {
                    disk.syncFolder(folder);
                }
            } catch (IOException e) {
                throw failed(e);
            }
            return captured;
        }
    }

    @Override
    public LogEnd end() {
        return end;
    }

    @Override
    public RecordReader reader(long fromOffset) throws IOException {
        return reader(fromOffset, false);
    }

    @Override
    public RecordReader readerWithMarkers(long fromOffset) throws IOException {
        return reader(fromOffset, true);
    }

    private RecordReader reader(long fromOffset, boolean withMarkers) throws IOException {
        LogEnd now = end;
        if (fromOffset < now.earliestOffset() || fromOffset > now.nextOffset()) {
            throw new OffsetOutOfRangeException(fromOffset, now.earliestOffset(), now.nextOffset());
        }
        return new LogReader(this, fromOffset, withMarkers);
    }

    @Override
    public long offsetAtTime(long timestampMs) throws IOException {
        while (true) {
            List<SegmentFile> current = segments;
            try {
                return offsetAtTime(timestampMs, current);
            } catch (OffsetOutOfRangeException | NoSuchFileException e) {
                if (current.equals(segments)) {
                    throw e;
                }
                // retention was faster: search what is left
            }
        }
    }

    private long offsetAtTime(long timestampMs, List<SegmentFile> current) throws IOException {
        long visible = highWatermark;
        for (SegmentFile segment : current) {
            if (segment.maxTimestampMs() < timestampMs || segment.nextOffset() <= earliestOffset()) {
                continue;
            }
            long from = Math.max(earliestOffset(), segment.offsetBefore(timestampMs));
            try (LogReader reader = new LogReader(this, from, false)) {
                while (reader.fill(Math.min(visible, segment.nextOffset()), SEEK_CHUNK_BYTES)) {
                    while (reader.next()) {
                        if (reader.timestampMs() >= timestampMs) {
                            return reader.offset();
                        }
                    }
                }
            }
        }
        return visible;
    }

    @Override
    public @Nullable SegmentFile segmentOf(long offset) {
        SegmentedLog newer = successor;
        if (newer != null) {
            return newer.segmentOf(offset);
        }
        List<SegmentFile> current = segments;
        int low = 0;
        int high = current.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (current.get(middle).firstOffset() <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? null : current.get(low - 1);
    }

    @Override
    public List<Segment> segments() {
        List<Segment> described = new ArrayList<>();
        for (SegmentFile segment : segments) {
            long size = segment.sizeBytes();
            described.add(new Segment(
                    segment.firstOffset(),
                    segment.nextOffset(),
                    size,
                    size == 0 ? -1 : segment.maxTimestampMs(),
                    segment.isSealed()));
        }
        return described;
    }

    @Override
    public void raiseEarliest(long offset) throws IOException {
        requireUsable();
        LogEnd before = end;
        if (offset > before.nextOffset()) {
            throw new IllegalArgumentException("earliest offset %d is beyond the end of the log at offset %d"
                    .formatted(offset, before.nextOffset()));
        }
        if (offset <= before.earliestOffset()) {
            return;
        }
        try {
            if (offset == before.nextOffset() && last().sizeBytes() > 0) {
                roll(); // so that the last segment can go too
            }
            LogEnd now = end;
            // readers below learn it before the files go
            end = new LogEnd(now.segmentFirstOffset(), now.positionBytes(), now.nextOffset(), offset);
            deleteBelow(offset);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void deleteBelow(long offset) throws IOException {
        List<SegmentFile> current = segments;
        int keep = 0;
        while (keep < current.size() - 1 && current.get(keep).nextOffset() <= offset) {
            keep++;
        }
        if (keep == 0) {
            return;
        }
        segments = List.copyOf(current.subList(keep, current.size()));
        // Oldest first, each durable before the next, and none before the segment that follows is: whatever a
        // crash undoes, what is left has no hole, and recovery can tell retention from loss.
        for (int index = 0; index < keep; index++) {
            if (index > 0 || folderDirty) {
                disk.syncFolder(folder); // leaves the mark: a flush that runs now must not rely on this one
            }
            current.get(index).delete();
        }
        folderDirty = true;
    }

    @Override
    public long retentionFloor(long olderThanMs, long bytesMax) {
        return Retention.floor(segments, earliestOffset(), highWatermark, olderThanMs, bytesMax);
    }

    @Override
    public long sizeBytes() {
        long size = 0;
        for (SegmentFile segment : segments) {
            size += segment.sizeBytes();
        }
        return size;
    }

    @Override
    public void verify(VerifyProgress progress) throws IOException {
        List<SegmentFile> current = segments;
        long total = sizeBytes();
        long done = 0;
        long reported = 0;
        for (SegmentFile segment : current) {
            long size = segment.sizeBytes();
            try (DiskFile file = segment.openForReading()) {
                SegmentScanner scanner = new SegmentScanner(file, 0, size);
                long expected = segment.firstOffset();
                while (true) {
                    SegmentScanner.Step step = scanner.next();
                    if (step == SegmentScanner.Step.END) {
                        break;
                    }
                    expected = requireGood(segment, scanner, expected);
                    long at = done + scanner.position() + scanner.sizeBytes();
                    if (at - reported >= VERIFY_REPORT_BYTES) {
                        reported = at;
                        if (!progress.verified(at, total)) {
                            return;
                        }
                    }
                }
            } catch (NoSuchFileException gone) {
                if (segment.nextOffset() > earliestOffset()) {
                    throw gone;
                }
            }
            done += size;
        }
        progress.verified(done, total);
    }

    @Override
    public int checksum(long segmentFirstOffset, long sizeBytes) throws IOException {
        SegmentFile segment = segmentOf(segmentFirstOffset);
        if (segment == null || segment.firstOffset() != segmentFirstOffset || segment.sizeBytes() < sizeBytes) {
            throw new IOException("the log in %s has no segment %s of at least %d bytes"
                    .formatted(folder, SegmentFile.name(segmentFirstOffset), sizeBytes));
        }
        try (DiskFile file = segment.openForReading()) {
            SegmentScanner scanner = new SegmentScanner(file, 0, sizeBytes);
            long expected = segmentFirstOffset;
            while (scanner.next() != SegmentScanner.Step.END) {
                expected = requireGood(segment, scanner, expected);
            }
            return scanner.checksum(0, sizeBytes);
        }
    }

    /// @return the offset that the next batch must begin with
    private long requireGood(SegmentFile segment, SegmentScanner scanner, long expected) throws CorruptLogException {
        String problem = scanner.isBad()
                ? scanner.problem()
                : scanner.baseOffset() == expected
                        ? null
                        : "expected base offset %d, found %d".formatted(expected, scanner.baseOffset());
        if (problem != null) {
            CorruptLogException found = new CorruptLogException(
                    "segment %s is corrupt at byte %d: %s. Records from offset %d on must come from another replica."
                            .formatted(segment.path(), scanner.position(), problem, expected));
            damaged(found);
            throw found;
        }
        return scanner.nextOffset();
    }

    @Override
    public void replaceBy(PartitionLog log) {
        if (!(log instanceof SegmentedLog newer) || newer == this) {
            throw new IllegalArgumentException("the log in %s cannot be replaced by %s".formatted(folder, log));
        }
        successor = newer;
    }

    @Override
    public void onDamage(Consumer<CorruptLogException> listener) {
        damageListener = listener;
    }

    @Override
    public void damaged(CorruptLogException found) {
        Consumer<CorruptLogException> listener = damageListener;
        // what a replaced log holds is no longer anybody's answer
        if (listener != null && successor == null) {
            listener.accept(found);
        }
    }

    private void requireUsable() throws IOException {
        if (closed) {
            throw new IllegalStateException("the log in %s is closed".formatted(folder));
        }
        IOException earlier = failure;
        if (earlier != null) {
            throw new IOException(
                    "the log in %s failed earlier (%s) and must be closed and recovered"
                            .formatted(folder, earlier.getMessage()),
                    earlier);
        }
    }

    private IOException failed(IOException cause) {
        if (failure == null) {
            failure = cause;
        }
        return cause;
    }

    @Override
    public void close() throws IOException {
        synchronized (flushLock) {
            closed = true;
            IOException first = null;
            for (SegmentFile segment : segments) {
                try {
                    segment.close();
                } catch (IOException e) {
                    first = first == null ? e : first;
                }
            }
            if (first != null) {
                throw first;
            }
        }
    }
}
