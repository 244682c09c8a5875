package io.millrace.log.segment;

import io.millrace.log.CorruptLogException;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.index.SparseIndex;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One segment: a file of batches named by its first offset, and its index.
///
/// A segment is *open* while the writer appends to it, then *sealed* for ever. It is *dirty* while it holds
/// bytes that were not fsynced; only then, or while open, does it keep its file. When a sealed segment has been
/// fsynced its index is saved beside it.
///
/// Threading: [#append] and [#seal] belong to the writer, [#sync] to whoever flushes, everything else is for
/// any thread.
public final class SegmentFile {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentFile.class);
    private static final String SUFFIX = ".log";
    private static final int NAME_DIGITS = 20;

    private final Disk disk;
    private final Path folder;
    private final long firstOffset;
    private final int indexIntervalBytes;

    // Written in this order, so that whoever sees a size also sees what belongs to it.
    private volatile long maxTimestampMs;
    private volatile long nextOffset;
    private volatile long sizeBytes;

    private volatile boolean sealed;

    /// The index of an open or dirty segment; null once it is saved.
    private volatile @Nullable SparseIndex growingIndex;

    private volatile SoftReference<SparseIndex> savedIndex = new SoftReference<>(null);

    /// Guards opening, syncing and closing of `file`; appends need it not, since an open segment's file stays.
    private final Object fileLock = new Object();

    private volatile @Nullable DiskFile file;
    private long syncedBytes = -1; // guarded by fileLock; <= sizeBytes; −1: never synced here

    private SegmentFile(
            Disk disk,
            Path folder,
            SparseIndex.Summary summary,
            int indexIntervalBytes,
            @Nullable SparseIndex growingIndex,
            @Nullable DiskFile file,
            boolean sealed) {
        this.disk = disk;
        this.folder = folder;
        this.firstOffset = summary.firstOffset();
        this.indexIntervalBytes = indexIntervalBytes;
        this.maxTimestampMs = summary.maxTimestampMs();
        this.nextOffset = summary.nextOffset();
        this.sizeBytes = summary.sizeBytes();
        this.growingIndex = growingIndex;
        this.file = file;
        this.sealed = sealed;
    }

    /// A new, empty, open segment. Its name is durable after the next sync of the folder.
    public static SegmentFile create(Disk disk, Path folder, long firstOffset, int indexIntervalBytes)
            throws IOException {
        Path path = path(folder, firstOffset);
        DiskFile file = disk.open(path);
        try {
            if (file.sizeBytes() != 0) {
                throw new CorruptLogException(
                        "segment %s was to be created, but is there and has %d bytes. Reopen the log to recover it."
                                .formatted(path, file.sizeBytes()));
            }
        } catch (IOException e) {
            file.close();
            throw e;
        }
        return new SegmentFile(
                disk,
                folder,
                new SparseIndex.Summary(firstOffset, firstOffset, 0, Long.MIN_VALUE),
                indexIntervalBytes,
                new SparseIndex(indexIntervalBytes),
                file,
                false);
    }

    /// The last segment of a log that was opened again, cut and scanned. It counts as dirty.
    public static SegmentFile reopened(
            Disk disk,
            Path folder,
            SparseIndex.Summary summary,
            int indexIntervalBytes,
            SparseIndex index,
            DiskFile file) {
        return new SegmentFile(disk, folder, summary, indexIntervalBytes, index, file, false);
    }

    /// A sealed segment that is durable and whose index is saved.
    public static SegmentFile sealed(
            Disk disk, Path folder, SparseIndex.Summary summary, int indexIntervalBytes, SparseIndex index) {
        SegmentFile segment = new SegmentFile(disk, folder, summary, indexIntervalBytes, null, null, true);
        segment.savedIndex = new SoftReference<>(index);
        return segment;
    }

    public static String name(long firstOffset) {
        return "%020d%s".formatted(firstOffset, SUFFIX);
    }

    public static Path path(Path folder, long firstOffset) {
        return folder.resolve(name(firstOffset));
    }

    /// The first offset that `name` stands for, −1 when it is not the name of a segment.
    public static long firstOffset(String name) {
        return firstOffset(name, SUFFIX);
    }

    /// The first offset that `name` with this `suffix` stands for, −1 when it is another kind of name.
    public static long firstOffset(String name, String suffix) {
        if (name.length() != NAME_DIGITS + suffix.length() || !name.endsWith(suffix)) {
            return -1;
        }
        for (int at = 0; at < NAME_DIGITS; at++) {
            if (name.charAt(at) < '0' || name.charAt(at) > '9') {
                return -1;
            }
        }
        try {
            return Long.parseLong(name.substring(0, NAME_DIGITS));
        } catch (NumberFormatException tooLarge) {
            return -1;
        }
    }

    /// Appends a batch with one write.
    ///
    /// @param batch its remaining bytes; consumed
    public void append(ByteBuffer batch, long baseOffset, long newNextOffset, long batchMaxTimestampMs)
            throws IOException {
        DiskFile open = file;
        SparseIndex index = growingIndex;
        if (sealed || open == null || index == null) {
            throw new IllegalStateException("segment %s is sealed or closed".formatted(path()));
        }
        long position = sizeBytes;
        int length = batch.remaining();
        open.write(batch, position);
        index.add(baseOffset, position, maxTimestampMs);
        maxTimestampMs = Math.max(maxTimestampMs, batchMaxTimestampMs);
        nextOffset = newNextOffset;
        sizeBytes = position + length;
    }

    /// No more appends.
    public void seal() {
        sealed = true;
    }

    /// True when a sync has something to do: bytes or an index to save.
    public boolean isDirty() {
        synchronized (fileLock) {
            return file != null && (sealed || syncedBytes < sizeBytes);
        }
    }

    /// Makes durable what was appended before the call. Then, if the segment is sealed, saves the index and
    /// lets the file go.
    public void sync() throws IOException {
        synchronized (fileLock) {
            DiskFile open = file;
            if (open == null) {
                return;
            }
            boolean last = sealed; // before the size: nothing is appended after sealing
            long size = sizeBytes;
            if (syncedBytes < size) {
                open.sync();
                syncedBytes = size;
            }
            if (last) {
                saveIndex();
                file = null;
                open.close();
            }
        }
    }

    private void saveIndex() {
        SparseIndex index = growingIndex;
        if (index == null) {
            return;
        }
        try {
            index.save(disk, folder, summary());
            savedIndex = new SoftReference<>(index);
            growingIndex = null;
        } catch (IOException e) {
            // rebuilt at the next start; until then it stays in memory
            LOG.atWarn()
                    .addKeyValue("segment", path())
                    .setCause(e)
                    .log("index could not be saved; it is rebuilt when the log is opened again");
        }
    }

    /// Position of a batch that holds `offset` or is before the one that does.
    public long positionOf(long offset) throws IOException {
        return index().positionOfOffset(offset);
    }

    /// First offset of a batch before which everything in this segment is older than `timestampMs`.
    public long offsetBefore(long timestampMs) throws IOException {
        return index().offsetOfTime(timestampMs, firstOffset);
    }

    private SparseIndex index() throws IOException {
        SparseIndex index = growingIndex;
        if (index != null) {
            return index;
        }
        index = savedIndex.get();
        if (index != null) {
            return index;
        }
        SparseIndex.Loaded loaded = SparseIndex.load(disk, folder, firstOffset);
        if (loaded != null && loaded.summary().equals(summary())) {
            index = loaded.index();
        } else {
            LOG.atWarn()
                    .addKeyValue("segment", path())
                    .log("index is missing or does not fit; it is rebuilt in memory");
            index = scanned();
        }
        savedIndex = new SoftReference<>(index);
        return index;
    }

    private SparseIndex scanned() throws IOException {
        SparseIndex index = new SparseIndex(indexIntervalBytes);
        try (DiskFile reading = disk.openForReading(path())) {
            SegmentScanner scanner = new SegmentScanner(reading, 0, sizeBytes);
            long maxTimestampBefore = Long.MIN_VALUE;
            while (true) {
                switch (scanner.next()) {
                    case END -> {
                        return index;
                    }
                    case BAD ->
                        throw new CorruptLogException(
                                "segment %s is corrupt at byte %d: %s. Records from there on must come from another replica."
                                        .formatted(path(), scanner.position(), scanner.problem()));
                    case BATCH -> {
                        index.add(scanner.baseOffset(), scanner.position(), maxTimestampBefore);
                        maxTimestampBefore = Math.max(maxTimestampBefore, scanner.maxTimestampMs());
                    }
                }
            }
        }
    }

    /// Removes the files. Whoever has the segment open goes on reading it.
    public void delete() throws IOException {
        close();
        disk.delete(path());
        SparseIndex.delete(disk, folder, firstOffset);
    }

    public void close() throws IOException {
        synchronized (fileLock) {
            DiskFile open = file;
            file = null;
            if (open != null) {
                open.close();
            }
        }
    }

    /// A file of its own for a reader.
    public DiskFile openForReading() throws IOException {
        return disk.openForReading(path());
    }

    public SparseIndex.Summary summary() {
        return new SparseIndex.Summary(firstOffset, nextOffset, sizeBytes, maxTimestampMs);
    }

    public Path path() {
        return path(folder, firstOffset);
    }

    public long firstOffset() {
        return firstOffset;
    }

    public long nextOffset() {
        return nextOffset;
    }

    /// Bytes that hold whole batches; the file may be longer while a batch is being written.
    public long sizeBytes() {
        return sizeBytes;
    }

    /// `Long.MIN_VALUE` when empty.
    public long maxTimestampMs() {
        return maxTimestampMs;
    }

    public boolean isSealed() {
        return sealed;
    }
}
