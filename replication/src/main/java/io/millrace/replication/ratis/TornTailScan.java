package io.millrace.replication.ratis;

import io.millrace.log.CorruptLogException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/// Looks at the Raft segments before Ratis does.
///
/// Ratis either refuses a file whose last entry is torn (kill -9 in the middle of a write does that) or, told
/// to be lenient, silently forgets everything behind *any* bad byte, acknowledged entries included. This scan
/// tells the two apart:
///
/// | label          | what is found                                        | what happens                |
/// |----------------|------------------------------------------------------|-----------------------------|
/// | CLEAN          | entries, then zeros or the end                       | open                        |
/// | TORN_TAIL      | a bad entry, and no good entry behind it             | open; Ratis cuts it off     |
/// | TORN_HEADER    | the file is shorter than its header, or its header is partly zeros | open; Ratis deletes it |
/// | DAMAGED        | a bad entry, and a good one behind it                | refuse                      |
/// | GAP            | an entry whose index does not follow                 | refuse                      |
/// | FOREIGN        | another header                                       | refuse                      |
///
/// That is for the open segment. A closed one must be CLEAN up to the index in its name: when it is the last
/// file, Ratis would not miss what it lost. The files must follow each other without a gap, the first one must
/// not begin behind what the manifest holds, and a folder that has applied anything must know its vote.
///
/// File layout (Ratis 3.3, `SegmentedRaftLogReader`): 8 bytes `RaftLog1`; entries: length as varint, a
/// `LogEntryProto` of that length, CRC32C of both (4 bytes, big-endian); then zeros that were written ahead.
final class TornTailScan {
    enum Label {
        CLEAN,
        TORN_TAIL,
        TORN_HEADER,
        DAMAGED,
        GAP,
        FOREIGN
    }

    /// @param position of the first byte that is not good
    /// @param nextGoodPosition of the first good entry behind it, −1 for none
    /// @param lastIndex of the last good entry before it, −1 for none
    record Finding(Label label, long position, long nextGoodPosition, long lastIndex) {}

    private static final Pattern CLOSED = Pattern.compile("log_(\\d+)-(\\d+)");
    private static final Pattern OPEN = Pattern.compile("log_inprogress_(\\d+)");
    private static final String VOTE = "raft-meta";
    private static final int VOTE_BYTES_MAX = 1 << 16;
    private static final String HINT =
            " Nothing was changed. Set the data folder aside and let this node rebuild from its peers, or restore a backup.";
    private static final long HEADER = 0x526166744c6f6731L; // RaftLog1
    private static final int HEADER_BYTES = Long.BYTES;
    private static final int TERM_TAG = 0x08; // field 1 of LogEntryProto, varint
    private static final int INDEX_TAG = 0x10; // field 2, varint
    // a good entry behind a bad one is from the same burst of writes; a larger distance is chance
    private static final long INDEX_DISTANCE_MAX = 1 << 20;

    private final ByteBuffer file;
    private final int entryBytesMax;
    private int next;
    private long term;
    private long index;

    private TornTailScan(ByteBuffer file, int entryBytesMax) {
        this.file = file;
        this.entryBytesMax = entryBytesMax;
    }

    /// A segment file: indexes in its name, and where it is.
    ///
    /// @param last −1 for the open one
    private record SegmentName(long first, long last, Path file) {}

    /// Scans the segments of a group, if there are any.
    ///
    /// @param current the group's `current` folder; need not exist
    /// @param durableIndex of the manifest, −1 for none
    /// @throws CorruptLogException something else than a torn tail of the open segment is wrong
    static void check(Path current, int entryBytesMax, long durableIndex) throws IOException {
        List<SegmentName> segments = segmentsIn(current);
        checkVote(current, durableIndex >= 0 || !segments.isEmpty());
        long next = -1;
        for (SegmentName segment : segments) {
            if (next < 0 ? segment.first > durableIndex + 1 : segment.first != next) {
                throw new CorruptLogException(
                        "raft segment %s begins at entry %d, expected %s%d: entries are missing.%s"
                                .formatted(
                                        segment.file,
                                        segment.first,
                                        next < 0 ? "at most " : "",
                                        next < 0 ? durableIndex + 1 : next,
                                        HINT));
            }
            if (segment.last < 0) {
                checkOpen(segment.file, entryBytesMax);
            } else {
                checkClosed(segment.file, segment.last, entryBytesMax);
            }
            next = segment.last + 1;
        }
    }

    /// In the order of their entries.
    private static List<SegmentName> segmentsIn(Path current) throws IOException {
        List<SegmentName> segments = new ArrayList<>();
        if (!Files.isDirectory(current)) {
            return segments;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(current, "log_*")) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                Matcher closed = CLOSED.matcher(name);
                Matcher open = OPEN.matcher(name);
                if (closed.matches()) {
                    segments.add(
                            new SegmentName(Long.parseLong(closed.group(1)), Long.parseLong(closed.group(2)), file));
                } else if (open.matches()) {
                    segments.add(new SegmentName(Long.parseLong(open.group(1)), -1, file));
                }
            }
        }
        segments.sort(Comparator.comparingLong(SegmentName::first));
        return segments;
    }

    /// A peer that has forgotten its vote may vote twice in one term.
    private static void checkVote(Path current, boolean mustBeThere) throws IOException {
        Path file = current.resolve(VOTE);
        if (!Files.exists(file)) {
            if (mustBeThere) {
                throw new CorruptLogException(
                        "%s is missing: this node does not know how it voted.%s".formatted(file, HINT));
            }
            return;
        }
        Properties vote = new Properties();
        try (InputStream in = Files.newInputStream(file)) {
            vote.load(new ByteArrayInputStream(in.readNBytes(VOTE_BYTES_MAX)));
        } catch (IllegalArgumentException malformed) {
            vote.clear(); // said below
        }
        String term = vote.getProperty("term", "");
        if (!term.matches("\\d{1,18}")) {
            throw new CorruptLogException("%s is corrupt: expected a term, found '%s'.%s".formatted(file, term, HINT));
        }
    }

    private static void checkOpen(Path segment, int entryBytesMax) throws IOException {
        Finding finding = scan(segment, entryBytesMax);
        switch (finding.label()) {
            case CLEAN, TORN_TAIL, TORN_HEADER -> {}
            case DAMAGED ->
                throw corrupt(
                        segment,
                        finding,
                        "a damaged entry after index %d, with a good entry behind it at byte %d"
                                .formatted(finding.lastIndex(), finding.nextGoodPosition()));
            case GAP -> throw corrupt(segment, finding, "an entry that does not follow index " + finding.lastIndex());
            case FOREIGN -> throw corrupt(segment, finding, "a header that is not RaftLog1");
        }
    }

    private static void checkClosed(Path segment, long endIndex, int entryBytesMax) throws IOException {
        Finding finding = scan(segment, entryBytesMax);
        if (finding.label() != Label.CLEAN || finding.lastIndex() != endIndex) {
            throw corrupt(
                    segment,
                    finding,
                    "no good entry after index %d (%s), and the file's name says that it goes to %d"
                            .formatted(finding.lastIndex(), finding.label(), endIndex));
        }
    }

    private static CorruptLogException corrupt(Path segment, Finding finding, String what) {
        return new CorruptLogException(
                ("raft segment %s is corrupt at byte %d: found %s. Acknowledged records may be behind it, so nothing is"
                                + " cut. Keep the data folder aside and let this node rebuild from its peers, or restore"
                                + " a backup.")
                        .formatted(segment, finding.position(), what));
    }

    static Finding scan(Path segment, int entryBytesMax) throws IOException {
        try (FileChannel channel = FileChannel.open(segment, StandardOpenOption.READ)) {
            ByteBuffer file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            return scan(file.order(ByteOrder.BIG_ENDIAN), entryBytesMax);
        }
    }

    static Finding scan(ByteBuffer file, int entryBytesMax) {
        if (file.limit() < HEADER_BYTES || file.getLong(0) != HEADER) {
            boolean torn = headerIsTorn(file);
            return new Finding(torn ? Label.TORN_HEADER : Label.FOREIGN, 0, -1, -1);
        }
        return new TornTailScan(file, entryBytesMax).scanEntries();
    }

    private static boolean headerIsTorn(ByteBuffer file) {
        int matching = 0;
        while (matching < Math.min(HEADER_BYTES, file.limit())
                && file.get(matching) == (byte) (HEADER >>> (8 * (HEADER_BYTES - 1 - matching)))) {
            matching++;
        }
        return onlyZeros(file, matching);
    }

    private Finding scanEntries() {
        int position = HEADER_BYTES;
        long lastTerm = 0;
        long lastIndex = -1;
        while (position < file.limit() && read(position)) {
            if (lastIndex >= 0 && index != lastIndex + 1) {
                return new Finding(Label.GAP, position, -1, lastIndex);
            }
            lastTerm = term;
            lastIndex = index;
            position = next;
        }
        if (onlyZeros(file, position)) {
            return new Finding(Label.CLEAN, position, -1, lastIndex);
        }
        for (int behind = position + 1; behind < file.limit(); behind++) {
            if (mayBegin(behind, lastTerm, lastIndex) && read(behind)) {
                return new Finding(Label.DAMAGED, position, behind, lastIndex);
            }
        }
        return new Finding(Label.TORN_TAIL, position, -1, lastIndex);
    }

    /// Whether the bytes look like the head of a later entry; spares the checksum at nearly every byte.
    private boolean mayBegin(int position, long lastTerm, long lastIndex) {
        int at = skipVarint(position);
        return at > 0
                && readIds(at)
                && term >= lastTerm
                && index > lastIndex
                && (lastIndex < 0 || index - lastIndex < INDEX_DISTANCE_MAX);
    }

    /// Reads the entry at `position`: sets `next`, `term` and `index`.
    ///
    /// @return false when there is no good entry
    private boolean read(int position) {
        int start = skipVarint(position);
        if (start < 0) {
            return false;
        }
        long length = varint(position);
        if (length <= 0 || length > entryBytesMax || start + length + Integer.BYTES > file.limit()) {
            return false;
        }
        int end = start + (int) length;
        CRC32C crc = new CRC32C();
        crc.update(file.duplicate().limit(end).position(position));
        if ((int) crc.getValue() != file.getInt(end) || !readIds(start)) {
            return false;
        }
        next = end + Integer.BYTES;
        return true;
    }

    /// Protocol buffers leave out fields that are 0, so both may be absent.
    private boolean readIds(int start) {
        int at = start;
        term = 0;
        index = 0;
        if (at < file.limit() && file.get(at) == TERM_TAG) {
            int value = at + 1;
            at = skipVarint(value);
            if (at < 0) {
                return false;
            }
            term = varint(value);
        }
        if (at < file.limit() && file.get(at) == INDEX_TAG) {
            int value = at + 1;
            if (skipVarint(value) < 0) {
                return false;
            }
            index = varint(value);
        }
        return term > 0;
    }

    /// Position behind the varint, −1 when it has no end.
    private int skipVarint(int position) {
        for (int at = position; at < Math.min(position + 10, file.limit()); at++) {
            if (file.get(at) >= 0) {
                return at + 1;
            }
        }
        return -1;
    }

    private long varint(int position) {
        long value = 0;
        int at = position;
        for (int shift = 0; ; shift += 7) {
            byte b = file.get(at++);
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static boolean onlyZeros(ByteBuffer file, int from) {
        int at = from;
        for (; at + Long.BYTES <= file.limit(); at += Long.BYTES) {
            if (file.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < file.limit(); at++) {
            if (file.get(at) != 0) {
                return false;
            }
        }
        return true;
    }
}
