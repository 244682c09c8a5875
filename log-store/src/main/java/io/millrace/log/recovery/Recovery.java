package io.millrace.log.recovery;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.LogSettings;
import io.millrace.log.batch.BatchLayout;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.index.SparseIndex;
import io.millrace.log.segment.SegmentFile;
import io.millrace.log.segment.SegmentScanner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Opens what is on disk. First everything is examined, and only when nothing refuses is anything changed.
///
/// **The table.** With a manifest (the `trusted` end) its position decides what is tail; without one, the first
/// byte that is no good batch does.
///
/// | label                       | what is met                               | done                  |
/// |-----------------------------|-------------------------------------------|-----------------------|
/// | CLEAN_END                   | the last batch ends where the file ends   | kept                  |
/// | EMPTY_LAST_SEGMENT          | the last file was created, nothing more   | kept or removed (1)   |
/// | TORN_TAIL                   | no whole batch, and no good one behind    | cut: never fsynced    |
/// | ZEROS_AT_TAIL               | the file grew, its bytes never arrived    | cut: never fsynced    |
/// | BEHIND_MANIFEST             | bytes, segments behind the manifest's end | cut: will be replayed |
/// | INDEX_REBUILT               | index of a sealed segment missing or torn | scanned, rebuilt      |
/// | ORPHAN_INDEX                | index without its segment                 | removed               |
/// | BELOW_EARLIEST              | segments wholly below the earliest offset | removed: asked before |
/// | LEADING_SEGMENTS_GONE       | first segments of the manifest missing    | kept (2)              |
/// | ZEROS_THEN_GOOD_BATCHES     | a hole of zeros, good batches behind it   | refused (3)           |
/// | BAD_BATCH_THEN_GOOD_BATCHES | a bad batch, good batches behind it       | refused: bit rot (3)  |
/// | OFFSETS_NOT_CONTIGUOUS      | a good batch with another base offset     | refused: two logs     |
/// | MISSING_SEGMENT             | a segment ends before the next one starts | refused: records gone |
/// | FOREIGN_FILE                | a `.log` with another name or beginning   | refused: not ours     |
/// | SHORTER_THAN_MANIFEST       | a file ends before the manifest's end     | refused: records gone |
/// | BAD_BATCH_BEFORE_MANIFEST   | a bad batch before the manifest's end     | refused: bit rot      |
/// | MANIFEST_MISMATCH           | good batches, not those that it counted   | refused: other times  |
///
/// 1. Kept if its name is the next offset. If not, the tail of the segment before was lost with it; removed.
/// 2. Retention deletes oldest first, each deletion durable before the next, so only it leaves such a gap.
/// 3. Without a manifest nobody knows whether the hole had been fsynced.
///
/// "Refused" means a [CorruptLogException] that begins with the label; the replica is then rebuilt from its
/// peers, never by dropping records. Only in the three "cut" cases does anything get shorter. A power loss that
/// keeps a later page and loses an earlier one leaves a log that opens with a manifest but is refused without
/// one.
///
/// Sealed segments are not scanned when they have a valid index, for an index is written only after its segment
/// was fsynced ([SparseIndex]); their size and offsets are compared. `PartitionLog.verify` reads every byte.
public final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final String RESTORE = "Records from offset %d on must come from another replica.";

    private final Disk disk;
    private final Path folder;
    private final LogSettings settings;
    private final List<RecoveredLog.Finding> findings = new ArrayList<>();

    /// Segments that stay, in order; the last one becomes the open one.
    private final List<Examined> kept = new ArrayList<>();
    /// First offsets of the segments that go: at the front, and at the end.
    private final List<Long> droppedBelow = new ArrayList<>();

    private final List<Long> droppedBehind = new ArrayList<>();

    /// A segment that was looked at.
    ///
    /// @param fresh the index was built by a scan and is not on disk
    private record Examined(SparseIndex.Summary summary, SparseIndex index, boolean fresh) {}

    /// How far the good batches of a file go.
    ///
    /// @param problem why not further; null when they end with the file
    private record Scan(Examined good, @Nullable String problem, boolean contiguous) {}

    private Recovery(Disk disk, Path folder, LogSettings settings) {
        this.disk = disk;
        this.folder = folder;
        this.settings = settings;
    }

    public static RecoveredLog recover(Disk disk, Path folder, LogSettings settings, @Nullable LogEnd trusted)
            throws IOException {
        return new Recovery(disk, folder, settings).run(trusted);
    }

    private RecoveredLog run(@Nullable LogEnd trusted) throws IOException {
        disk.createFolders(folder);
        List<String> names = disk.list(folder);
        List<Long> present = segmentsIn(names);
        long earliest;
        if (trusted == null) {
            examineWithoutManifest(present);
            earliest = kept.isEmpty() ? 0 : kept.get(0).summary.firstOffset();
        } else {
            earliest = examineWithManifest(present, trusted);
        }
        removeOrphanIndexes(names, present);
        for (RecoveredLog.Finding finding : findings) {
            boolean ordinary = finding.recoveryCase() == RecoveryCase.CLEAN_END
                    || finding.recoveryCase() == RecoveryCase.EMPTY_LAST_SEGMENT;
            LOG.atLevel(ordinary ? Level.DEBUG : Level.INFO)
                    .addKeyValue("folder", folder)
                    .addKeyValue("case", finding.recoveryCase())
                    .log(finding.message());
        }
        return apply(earliest);
    }

    private List<Long> segmentsIn(List<String> names) throws CorruptLogException {
        TreeSet<Long> present = new TreeSet<>();
        for (String name : names) {
            long firstOffset = SegmentFile.firstOffset(name);
            if (firstOffset >= 0) {
                present.add(firstOffset);
            } else if (name.endsWith(".log")) {
                throw refused(
                        RecoveryCase.FOREIGN_FILE,
                        "%s is not the name of a segment (20 digits and .log). Move it out of the folder if it does not belong there."
                                .formatted(folder.resolve(name)));
            }
        }
        return List.copyOf(present);
    }

    // ---- without a manifest

    private void examineWithoutManifest(List<Long> present) throws IOException {
        for (int at = 0; at < present.size(); at++) {
            long first = present.get(at);
            boolean last = at == present.size() - 1;
            List<Long> later = present.subList(at + 1, present.size());
            Examined cheap = last ? null : examinedByIndex(first, later.get(0));
            if (cheap != null) {
                kept.add(cheap);
                continue;
            }
            Scan scan = scan(first, Long.MAX_VALUE);
            Examined good = scan.good;
            kept.add(good);
            if (scan.problem != null) {
                refuseUnlessTornTail(scan, later);
                droppedBehind.addAll(later);
                return;
            }
            long next = good.summary.nextOffset();
            if (last) {
                boolean empty = good.summary.sizeBytes() == 0;
                found(
                        empty ? RecoveryCase.EMPTY_LAST_SEGMENT : RecoveryCase.CLEAN_END,
                        "segment %s ends at byte %d with next offset %d"
                                .formatted(SegmentFile.name(first), good.summary.sizeBytes(), next));
            } else if (later.get(0) != next) {
                refuseUnlessEmpty(first, next, later);
                droppedBehind.addAll(later);
                return;
            } else {
                found(RecoveryCase.INDEX_REBUILT, "index of segment " + SegmentFile.name(first));
            }
        }
    }

    /// A file whose batches end early: harmless only if nothing good follows, here or in a later file.
    private void refuseUnlessTornTail(Scan scan, List<Long> later) throws IOException {
        SparseIndex.Summary good = scan.good.summary;
        String place = "segment %s at byte %d: %s."
                .formatted(SegmentFile.path(folder, good.firstOffset()), good.sizeBytes(), scan.problem);
        String restore = RESTORE.formatted(good.nextOffset());
        if (!scan.contiguous) {
            throw refused(RecoveryCase.OFFSETS_NOT_CONTIGUOUS, place + " " + restore);
        }
        try (DiskFile file = disk.openForReading(SegmentFile.path(folder, good.firstOffset()))) {
            long size = file.sizeBytes();
            if (good.sizeBytes() == 0 && isForeign(file, size)) {
                throw refused(
                        RecoveryCase.FOREIGN_FILE, place + " It does not begin with a record batch and is left alone.");
            }
            SegmentScanner scanner = new SegmentScanner(file, good.sizeBytes(), size);
            long goodAgain = scanner.findGoodBatch(good.sizeBytes() + 1, good.nextOffset());
            if (goodAgain >= 0) {
                boolean hole = scanner.isZero(good.sizeBytes(), good.sizeBytes() + zerosProbe(goodAgain, good));
                throw refused(
                        hole ? RecoveryCase.ZEROS_THEN_GOOD_BATCHES : RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                        "%s A good batch follows at byte %d. %s".formatted(place, goodAgain, restore));
            }
            boolean zeros = scanner.isZero(good.sizeBytes(), size);
            long laterGood = firstWithGoodBatch(later, good.nextOffset());
            if (laterGood >= 0) {
                throw refused(
                        zeros ? RecoveryCase.ZEROS_THEN_GOOD_BATCHES : RecoveryCase.BAD_BATCH_THEN_GOOD_BATCHES,
                        "%s A good batch follows in segment %s. %s"
                                .formatted(place, SegmentFile.name(laterGood), restore));
            }
            found(
                    zeros ? RecoveryCase.ZEROS_AT_TAIL : RecoveryCase.TORN_TAIL,
                    "%s %d bytes are cut".formatted(place, size - good.sizeBytes()));
        }
    }

    /// How many bytes must be zero for a hole: a header's worth, or all there is up to the next good batch.
    private static long zerosProbe(long goodAgain, SparseIndex.Summary good) {
        return Math.min(BatchLayout.HEADER_SIZE_BYTES, goodAgain - good.sizeBytes());
    }

    /// A first batch that never arrived has its magic, or zeros where a lost page was.
    private static boolean isForeign(DiskFile file, long size) throws IOException {
        byte[] header = new byte[BatchLayout.HEADER_SIZE_BYTES];
        if (size < header.length || file.read(ByteBuffer.wrap(header), 0) < header.length) {
            return false;
        }
        byte magic = BatchLayout.magic(header, 0);
        return magic != BatchLayout.MAGIC && magic != 0;
    }

    /// Segment names that do not follow: harmless only if the later files hold nothing.
    private void refuseUnlessEmpty(long first, long next, List<Long> later) throws IOException {
        long following = later.get(0);
        String place = "segment %s ends at offset %d, but segment %s follows."
                .formatted(SegmentFile.path(folder, first), next, SegmentFile.name(following));
        if (following < next) {
            throw refused(RecoveryCase.OFFSETS_NOT_CONTIGUOUS, place + " " + RESTORE.formatted(following));
        }
        if (firstWithGoodBatch(later, 0) >= 0) {
            throw refused(RecoveryCase.MISSING_SEGMENT, place + " " + RESTORE.formatted(next));
        }
        found(RecoveryCase.EMPTY_LAST_SEGMENT, place + " It holds no batch and is removed");
    }

    private long firstWithGoodBatch(List<Long> segments, long offsetMin) throws IOException {
        for (long first : segments) {
            try (DiskFile file = disk.openForReading(SegmentFile.path(folder, first))) {
                if (new SegmentScanner(file, 0, file.sizeBytes()).findGoodBatch(0, offsetMin) >= 0) {
                    return first;
                }
            }
        }
        return -1;
    }

    // ---- with a manifest

    private long examineWithManifest(List<Long> present, LogEnd trusted) throws IOException {
        long named = trusted.segmentFirstOffset();
        List<Long> later = present.stream().filter(first -> first > named).toList();
        List<Long> before = present.stream().filter(first -> first < named).toList();
        boolean namedIsPresent = present.contains(named);
        if (!namedIsPresent && trusted.positionBytes() > 0) {
            if (before.isEmpty() && !later.isEmpty()) {
                return restartAtManifest(later, trusted);
            }
            throw refused(
                    RecoveryCase.MISSING_SEGMENT,
                    "segment %s is missing, in which the manifest says that the log ends. "
                                    .formatted(SegmentFile.path(folder, named))
                            + RESTORE.formatted(Math.min(named, trusted.nextOffset())));
        }
        List<Long> chain = chainFrom(before, trusted);
        for (int at = 0; at < chain.size(); at++) {
            keepSealed(chain.get(at), at + 1 < chain.size() ? chain.get(at + 1) : named);
        }
        if (namedIsPresent) {
            keepNamed(trusted);
        } else {
            kept.add(empty(named));
        }
        if (!later.isEmpty()) {
            droppedBehind.addAll(later);
            found(RecoveryCase.BEHIND_MANIFEST, "%d segments from %s on".formatted(later.size(), later.get(0)));
        }
        long firstKept = kept.get(0).summary.firstOffset();
        if (firstKept > trusted.earliestOffset()) {
            found(
                    RecoveryCase.LEADING_SEGMENTS_GONE,
                    "the manifest's earliest offset is %d, the first segment starts at %d"
                            .formatted(trusted.earliestOffset(), firstKept));
        }
        return Math.max(firstKept, trusted.earliestOffset());
    }

    /// Everything that the manifest knows was deleted by retention after it was written; what is behind is
    /// replayed.
    private long restartAtManifest(List<Long> later, LogEnd trusted) {
        droppedBehind.addAll(later);
        droppedBehind.remove(trusted.nextOffset()); // that one is emptied
        kept.add(empty(trusted.nextOffset()));
        found(
                RecoveryCase.LEADING_SEGMENTS_GONE,
                "all segments up to the manifest's end at offset %d are gone, segment %s is there"
                        .formatted(trusted.nextOffset(), SegmentFile.name(later.get(0))));
        return trusted.nextOffset();
    }

    /// The segments before the manifest's that are still needed.
    private List<Long> chainFrom(List<Long> before, LogEnd trusted) {
        int start = 0;
        while (start < before.size()) {
            long next = start + 1 < before.size() ? before.get(start + 1) : trusted.segmentFirstOffset();
            if (next > trusted.earliestOffset()) {
                break;
            }
            start++;
        }
        if (start > 0) {
            droppedBelow.addAll(before.subList(0, start));
            found(
                    RecoveryCase.BELOW_EARLIEST,
                    "%d segments below offset %d".formatted(start, trusted.earliestOffset()));
        }
        return before.subList(start, before.size());
    }

    private void keepSealed(long first, long next) throws IOException {
        Examined examined = examinedByIndex(first, next);
        if (examined == null) {
            Scan scan = scan(first, Long.MAX_VALUE);
            examined = scan.good;
            SparseIndex.Summary good = examined.summary;
            if (scan.problem != null) {
                throw refused(
                        scan.contiguous ? RecoveryCase.BAD_BATCH_BEFORE_MANIFEST : RecoveryCase.OFFSETS_NOT_CONTIGUOUS,
                        "segment %s is corrupt at byte %d: %s. "
                                        .formatted(SegmentFile.path(folder, first), good.sizeBytes(), scan.problem)
                                + RESTORE.formatted(good.nextOffset()));
            }
            if (good.nextOffset() != next) {
                throw refused(
                        good.nextOffset() < next ? RecoveryCase.MISSING_SEGMENT : RecoveryCase.OFFSETS_NOT_CONTIGUOUS,
                        "segment %s ends at offset %d, but the next one is %s. "
                                        .formatted(
                                                SegmentFile.path(folder, first),
                                                good.nextOffset(),
                                                SegmentFile.name(next))
                                + RESTORE.formatted(Math.min(good.nextOffset(), next)));
            }
            found(RecoveryCase.INDEX_REBUILT, "index of segment " + SegmentFile.name(first));
        }
        kept.add(examined);
    }

    private void keepNamed(LogEnd trusted) throws IOException {
        long named = trusted.segmentFirstOffset();
        Path path = SegmentFile.path(folder, named);
        long size;
        try (DiskFile file = disk.openForReading(path)) {
            size = file.sizeBytes();
        }
        if (size < trusted.positionBytes()) {
            throw refused(
                    RecoveryCase.SHORTER_THAN_MANIFEST,
                    "segment %s: expected at least %d bytes, which the manifest says are durable, found %d. "
                                    .formatted(path, trusted.positionBytes(), size)
                            + RESTORE.formatted(named));
        }
        Scan scan = scan(named, trusted.positionBytes());
        SparseIndex.Summary good = scan.good.summary;
        if (scan.problem != null) {
            throw refused(
                    scan.contiguous ? RecoveryCase.BAD_BATCH_BEFORE_MANIFEST : RecoveryCase.OFFSETS_NOT_CONTIGUOUS,
                    "segment %s is corrupt at byte %d: %s. ".formatted(path, good.sizeBytes(), scan.problem)
                            + RESTORE.formatted(good.nextOffset()));
        }
        if (good.nextOffset() != trusted.nextOffset()) {
            throw refused(
                    RecoveryCase.MANIFEST_MISMATCH,
                    "segment %s: expected next offset %d at byte %d, found %d. "
                                    .formatted(path, trusted.nextOffset(), trusted.positionBytes(), good.nextOffset())
                            + RESTORE.formatted(named));
        }
        kept.add(scan.good);
        if (size > trusted.positionBytes()) {
            found(
                    RecoveryCase.BEHIND_MANIFEST,
                    "segment %s: %d bytes behind byte %d"
                            .formatted(path, size - trusted.positionBytes(), trusted.positionBytes()));
        } else {
            found(RecoveryCase.CLEAN_END, "segment %s ends at byte %d".formatted(path, size));
        }
    }

    // ---- examining one segment

    /// The segment if its index is valid and file and neighbour agree with it.
    private @Nullable Examined examinedByIndex(long first, long next) throws IOException {
        SparseIndex.Loaded loaded = SparseIndex.load(disk, folder, first);
        if (loaded == null || loaded.summary().nextOffset() != next) {
            return null;
        }
        try (DiskFile file = disk.openForReading(SegmentFile.path(folder, first))) {
            return file.sizeBytes() == loaded.summary().sizeBytes()
                    ? new Examined(loaded.summary(), loaded.index(), false)
                    : null;
        }
    }

    private Scan scan(long first, long sizeBytesMax) throws IOException {
        SparseIndex index = new SparseIndex(settings.indexIntervalBytes());
        long next = first;
        long maxTimestamp = Long.MIN_VALUE;
        try (DiskFile file = disk.openForReading(SegmentFile.path(folder, first))) {
            SegmentScanner scanner = new SegmentScanner(file, 0, Math.min(file.sizeBytes(), sizeBytesMax));
            while (true) {
                SegmentScanner.Step step = scanner.next();
                Examined good = new Examined(
                        new SparseIndex.Summary(first, next, scanner.position(), maxTimestamp), index, true);
                switch (step) {
                    case END -> {
                        return new Scan(good, null, true);
                    }
                    case BAD -> {
                        return new Scan(good, scanner.problem(), true);
                    }
                    case BATCH -> {
                        if (scanner.baseOffset() != next) {
                            String problem = "expected base offset %d, found %d".formatted(next, scanner.baseOffset());
                            return new Scan(good, problem, false);
                        }
                        index.add(next, scanner.position(), maxTimestamp);
                        next = scanner.nextOffset();
                        maxTimestamp = Math.max(maxTimestamp, scanner.maxTimestampMs());
                    }
                }
            }
        }
    }

    private Examined empty(long first) {
        return new Examined(
                new SparseIndex.Summary(first, first, 0, Long.MIN_VALUE),
                new SparseIndex(settings.indexIntervalBytes()),
                true);
    }

    // ---- changing the disk

    private void removeOrphanIndexes(List<String> names, List<Long> present) throws IOException {
        TreeSet<Long> orphans = new TreeSet<>();
        for (String name : names) {
            long first = Math.max(SegmentFile.firstOffset(name, ".index"), SegmentFile.firstOffset(name, ".timeindex"));
            if (first >= 0 && !present.contains(first)) {
                orphans.add(first);
            }
        }
        for (long first : orphans) {
            SparseIndex.delete(disk, folder, first);
            found(RecoveryCase.ORPHAN_INDEX, "index of segment " + SegmentFile.name(first));
        }
    }

    private RecoveredLog apply(long earliest) throws IOException {
        if (kept.isEmpty()) {
            kept.add(empty(earliest));
        }
        SparseIndex.Summary last = kept.get(kept.size() - 1).summary;
        Path lastPath = SegmentFile.path(folder, last.firstOffset());
        if (!disk.exists(lastPath)) {
            // before anything goes: a crash in between must not leave a folder that looks as if all had been lost
            disk.open(lastPath).close();
            disk.syncFolder(folder);
        }
        // Oldest first at the front, newest first at the end, each durable before the next: a crash in between leaves a
        // log that begins earlier or ends later, but no hole.
        for (long first : droppedBelow) {
            delete(first);
        }
        for (long first : droppedBehind.reversed()) {
            delete(first);
        }
        List<SegmentFile> segments = new ArrayList<>();
        for (Examined examined : kept.subList(0, kept.size() - 1)) {
            segments.add(sealed(examined));
        }
        segments.add(reopened(kept.get(kept.size() - 1)));
        disk.syncFolder(folder);
        LogEnd end = new LogEnd(last.firstOffset(), last.sizeBytes(), last.nextOffset(), earliest);
        return new RecoveredLog(segments, end, findings);
    }

    private void delete(long first) throws IOException {
        disk.delete(SegmentFile.path(folder, first));
        SparseIndex.delete(disk, folder, first);
        disk.syncFolder(folder);
    }

    private SegmentFile sealed(Examined examined) throws IOException {
        if (examined.fresh) {
            // an index vouches for its segment, which may be in the page cache only
            try (DiskFile file = disk.open(SegmentFile.path(folder, examined.summary.firstOffset()))) {
                file.sync();
            }
            examined.index.save(disk, folder, examined.summary);
        }
        return SegmentFile.sealed(disk, folder, examined.summary, settings.indexIntervalBytes(), examined.index);
    }

    private SegmentFile reopened(Examined examined) throws IOException {
        SparseIndex.Summary summary = examined.summary;
        SparseIndex.delete(disk, folder, summary.firstOffset()); // it said that this segment was sealed
        DiskFile file = disk.open(SegmentFile.path(folder, summary.firstOffset()));
        try {
            if (file.sizeBytes() > summary.sizeBytes()) {
                file.truncate(summary.sizeBytes());
                file.sync();
            }
            return SegmentFile.reopened(disk, folder, summary, settings.indexIntervalBytes(), examined.index, file);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private void found(RecoveryCase recoveryCase, String message) {
        findings.add(new RecoveredLog.Finding(recoveryCase, message));
    }

    private static CorruptLogException refused(RecoveryCase recoveryCase, String message) {
        return new CorruptLogException(recoveryCase + ": " + message);
    }
}
