package io.millrace.log.index;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Sparse index of one segment. Each entry says: at `position` starts the batch with first offset `offset`, and
/// every record before it has a timestamp of at most `maxTimestampBefore`. From that one fact both searches
/// follow: by offset the last entry that is not above it, by time the last entry before which everything is
/// older.
///
/// On disk it is two files beside a sealed segment, big-endian, each
///
/// | bytes  | field        | meaning                                                     |
/// |--------|--------------|-------------------------------------------------------------|
/// | 0–7    | magic        | `MRIDXOF1` or (time) `MRIDXTM1`; the 1 is the version       |
/// | 8–15   | firstOffset  | names the segment                                           |
/// | 16–23  | nextOffset   | one past the segment's last offset                          |
/// | 24–31  | sizeBytes    | size of the segment                                         |
/// | 32–39  | maxTimestamp | largest timestamp in the segment                            |
/// | 40–43  | entryCount   |                                                             |
/// | 44–    | entries      | `.index`: offset − firstOffset (4 bytes), position (4);     |
/// |        |              | `.timeindex`: maxTimestampBefore (8)                        |
/// | last 4 | checksum     | CRC32C of everything before                                 |
///
/// The files are written only after the segment itself was fsynced. **A valid index therefore says that its
/// segment was durable**, which is what lets recovery skip the scan. They are not fsynced themselves: a torn
/// one fails its checksum and is rebuilt.
///
/// Threading: [#add] belongs to the writer; searches are for any thread at any time.
public final class SparseIndex {
    private static final long OFFSET_MAGIC = 0x4d52_4944_584f_4631L; // MRIDXOF1
    private static final long TIME_MAGIC = 0x4d52_4944_5854_4d31L; // MRIDXTM1
    private static final int HEADER_BYTES = 44;
    private static final int OFFSET_ENTRY_BYTES = 8;
    private static final int TIME_ENTRY_BYTES = 8;
    private static final int CHECKSUM_BYTES = 4;

    /// What is said of the segment as a whole.
    public record Summary(long firstOffset, long nextOffset, long sizeBytes, long maxTimestampMs) {}

    /// An index as it was loaded.
    public record Loaded(Summary summary, SparseIndex index) {}

    // Grown by replacing; a published element never changes. `count` is written after the element it counts.
    private volatile Entries entries = new Entries(new long[16], new long[16], new long[16]);
    private volatile int count;

    private final int intervalBytes;
    private long lastPosition = -1;

    @SuppressWarnings("ArrayRecordComponent") // three columns that grow together; never compared
    private record Entries(long[] offsets, long[] positions, long[] maxTimestampsBefore) {}

    public SparseIndex(int intervalBytes) {
        this.intervalBytes = intervalBytes;
    }

    /// Notes a batch; keeps it when the last entry is at least an interval behind.
    public void add(long offset, long position, long maxTimestampBefore) {
        if (lastPosition >= 0 && position - lastPosition < intervalBytes) {
            return;
        }
        put(offset, position, maxTimestampBefore);
    }

    private void put(long offset, long position, long maxTimestampBefore) {
        lastPosition = position;
        int at = count;
        Entries current = entries;
        if (at == current.offsets.length) {
            current = new Entries(
                    Arrays.copyOf(current.offsets, at * 2),
                    Arrays.copyOf(current.positions, at * 2),
                    Arrays.copyOf(current.maxTimestampsBefore, at * 2));
            entries = current;
        }
        current.offsets[at] = offset;
        current.positions[at] = position;
        current.maxTimestampsBefore[at] = maxTimestampBefore;
        count = at + 1;
    }

    public int count() {
        return count;
    }

    /// A position at which a batch starts, and before which all offsets are below `offset`.
    public long positionOfOffset(long offset) {
        int length = count; // before `entries`, which is then at least as new
        Entries current = entries;
        int low = 0;
        int high = length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (current.offsets[middle] <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? 0 : current.positions[low - 1];
    }

    /// The offset of a batch before which all timestamps are below `timestampMs`; `firstOffset` when no entry
    /// is known.
    public long offsetOfTime(long timestampMs, long firstOffset) {
        int length = count;
        Entries current = entries;
        int low = 0;
        int high = length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (current.maxTimestampsBefore[middle] < timestampMs) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low == 0 ? firstOffset : current.offsets[low - 1];
    }

    public static Path offsetFile(Path folder, long firstOffset) {
        return folder.resolve("%020d.index".formatted(firstOffset));
    }

    public static Path timeFile(Path folder, long firstOffset) {
        return folder.resolve("%020d.timeindex".formatted(firstOffset));
    }

    /// Writes both files. The segment must have been fsynced before.
    public void save(Disk disk, Path folder, Summary summary) throws IOException {
        int length = count;
        Entries current = entries;
        ByteBuffer offsets = header(OFFSET_MAGIC, summary, length, OFFSET_ENTRY_BYTES);
        ByteBuffer times = header(TIME_MAGIC, summary, length, TIME_ENTRY_BYTES);
        for (int index = 0; index < length; index++) {
            offsets.putInt((int) (current.offsets[index] - summary.firstOffset));
            offsets.putInt((int) current.positions[index]);
            times.putLong(current.maxTimestampsBefore[index]);
        }
        write(disk, timeFile(folder, summary.firstOffset), times);
        write(disk, offsetFile(folder, summary.firstOffset), offsets);
    }

    private static ByteBuffer header(long magic, Summary summary, int count, int entryBytes) {
        return ByteBuffer.allocate(HEADER_BYTES + count * entryBytes + CHECKSUM_BYTES)
                .putLong(magic)
                .putLong(summary.firstOffset)
                .putLong(summary.nextOffset)
                .putLong(summary.sizeBytes)
                .putLong(summary.maxTimestampMs)
                .putInt(count);
    }

    private static void write(Disk disk, Path path, ByteBuffer content) throws IOException {
        content.putInt(checksum(content.array(), content.position()));
        try (DiskFile file = disk.open(path)) {
            file.truncate(0);
            file.write(content.flip(), 0);
        }
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    /// Reads both files; null when one is missing or not whole.
    public static @Nullable Loaded load(Disk disk, Path folder, long firstOffset) throws IOException {
        ByteBuffer offsets = read(disk, offsetFile(folder, firstOffset), OFFSET_MAGIC, OFFSET_ENTRY_BYTES);
        ByteBuffer times = read(disk, timeFile(folder, firstOffset), TIME_MAGIC, TIME_ENTRY_BYTES);
        if (offsets == null || times == null) {
            return null;
        }
        Summary summary = summary(offsets);
        int length = offsets.getInt();
        if (!summary.equals(summary(times)) || times.getInt() != length || summary.firstOffset != firstOffset) {
            return null;
        }
        SparseIndex index = new SparseIndex(Integer.MAX_VALUE);
        for (int at = 0; at < length; at++) {
            index.put(firstOffset + offsets.getInt(), offsets.getInt(), times.getLong());
        }
        return new Loaded(summary, index);
    }

    private static Summary summary(ByteBuffer content) {
        return new Summary(content.getLong(), content.getLong(), content.getLong(), content.getLong());
    }

    /// The whole file, positioned behind its magic; null when it is not what was written.
    private static @Nullable ByteBuffer read(Disk disk, Path path, long magic, int entryBytes) throws IOException {
        if (!disk.exists(path)) {
            return null;
        }
        try (DiskFile file = disk.openForReading(path)) {
            long size = file.sizeBytes();
            int fixed = HEADER_BYTES + CHECKSUM_BYTES;
            // an index larger than this would belong to a segment larger than any that is written
            if (size < fixed || size > (1L << 30)) {
                return null;
            }
            ByteBuffer content = ByteBuffer.allocate((int) size);
            if (file.read(content, 0) != size) {
                return null;
            }
            content.flip();
            int end = (int) size - CHECKSUM_BYTES;
            boolean whole = content.getInt(end) == checksum(content.array(), end)
                    && content.getLong(0) == magic
                    && size == fixed + (long) content.getInt(HEADER_BYTES - 4) * entryBytes;
            return whole ? content.position(8) : null;
        }
    }

    /// Removes both files if they are there.
    public static boolean delete(Disk disk, Path folder, long firstOffset) throws IOException {
        boolean deleted = false;
        for (Path path : new Path[] {offsetFile(folder, firstOffset), timeFile(folder, firstOffset)}) {
            if (disk.exists(path)) {
                disk.delete(path);
                deleted = true;
            }
        }
        return deleted;
    }
}
