package io.millrace.faults.stage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/// Reads segment files without the help of those who wrote them: Kafka's record batch v2, uncompressed.
///
/// | bytes of a batch | field |
/// |---|---|
/// | 0–7 | offset of the first record |
/// | 8–11 | length of what follows |
/// | 16 | magic, 2 |
/// | 17–20 | CRC32C of what follows |
/// | 21–22 | attributes: bits 0–2 compression, 5 control |
/// | 57–60 | number of records |
/// | 61– | records: varints zigzag; length, attributes, timestamp, offset, key, value, headers |
///
/// Source: Kafka protocol documentation, "Record Batch".
final class SegmentFiles {
    private static final int LENGTH = 8;
    private static final int LENGTH_EXCLUDES = 12;
    private static final int MAGIC = 16;
    private static final int CHECKSUM = 17;
    private static final int ATTRIBUTES = 21;
    private static final int RECORD_COUNT = 57;
    private static final int RECORDS = 61;
    private static final Pattern STATE = Pattern.compile("logs(-\\d+)?");
    private static final Pattern GROUP = Pattern.compile("group-\\d+");
    private static final int COMPRESSION_BITS = 7;
    private static final int CONTROL_BIT = 0x20;

    /// A record in a file.
    ///
    /// @param valueStart position of its value in the file
    record Found(Path file, int batchStart, long offset, long checksum, int valueStart, int valueSizeBytes) {}

    private SegmentFiles() {}

    /// Segment files of a partition, oldest first. None while a node has two states of them, of which only the
    /// node knows which one is in force.
    static List<Path> of(Path dataFolder, String topic, int partition) throws IOException {
        Pattern name = Pattern.compile(Pattern.quote(topic) + "-[^/]*/" + partition + "/\\d{20}\\.log");
        List<Path> found = new ArrayList<>();
        for (Path state : states(dataFolder)) {
            try (var files = Files.find(
                    state,
                    3,
                    (path, _) -> name.matcher(state.relativize(path).toString()).matches())) {
                List<Path> own = files.sorted().toList();
                if (!own.isEmpty() && !found.isEmpty()) {
                    return List.of();
                }
                found.addAll(own);
            }
        }
        return found;
    }

    /// The Raft group that a partition belongs to, told by the folder where a node has it. Empty when it has none
    /// of it.
    static OptionalInt groupOf(Path dataFolder, String topic, int partition) throws IOException {
        List<Path> files = of(dataFolder, topic, partition);
        if (files.isEmpty()) {
            return OptionalInt.empty();
        }
        String first = dataFolder.relativize(files.getFirst()).getName(0).toString();
        return OptionalInt.of(
                GROUP.matcher(first).matches() ? Integer.parseInt(first.substring(first.indexOf('-') + 1)) : 0);
    }

    /// Folders of partition logs: those of the first Raft group in the data folder, those of others each in a
    /// folder of its own. A state that was copied from another node has a number.
    private static List<Path> states(Path dataFolder) throws IOException {
        List<Path> states = new ArrayList<>(below(dataFolder, STATE));
        for (Path group : below(dataFolder, GROUP)) {
            states.addAll(below(group, STATE));
        }
        return states;
    }

    private static List<Path> below(Path folder, Pattern name) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var entries = Files.list(folder)) {
            return entries.filter(entry ->
                            name.matcher(entry.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }

    /// Records of a file.
    ///
    /// @throws IOException it is not whole, or not in this format
    static List<Found> read(Path file) throws IOException {
        List<Found> records = new ArrayList<>();
        read(file, records);
        return records;
    }

    /// Records of a file that is being written: those before whatever is not whole.
    static List<Found> readWhatIsWhole(Path file) {
        List<Found> records = new ArrayList<>();
        try {
            read(file, records);
        } catch (IOException endsEarly) {
            // what came before is good
        }
        return records;
    }

    private static void read(Path file, List<Found> records) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        int start = 0;
        while (start < bytes.limit()) {
            if (bytes.limit() - start < RECORDS) {
                throw new IOException(file + " ends within a batch at byte " + start);
            }
            long size = bytes.getInt(start + LENGTH) + (long) LENGTH_EXCLUDES;
            if (size < RECORDS || size > bytes.limit() - start || bytes.get(start + MAGIC) != 2) {
                throw new IOException(file + " has no whole batch at byte " + start);
            }
            int end = start + (int) size;
            if (checksum(bytes.array(), start + ATTRIBUTES, end)
                    != Integer.toUnsignedLong(bytes.getInt(start + CHECKSUM))) {
                throw new IOException(file + " has a batch with a wrong checksum at byte " + start);
            }
            int attributes = bytes.getShort(start + ATTRIBUTES);
            if ((attributes & COMPRESSION_BITS) != 0) {
                throw new IOException(file + " has a compressed batch at byte " + start + ", which is not read here");
            }
            if ((attributes & CONTROL_BIT) == 0) {
                readRecords(file, bytes, start, records);
            }
            start = end;
        }
    }

    private static void readRecords(Path file, ByteBuffer bytes, int start, List<Found> records) {
        long baseOffset = bytes.getLong(start);
        int count = bytes.getInt(start + RECORD_COUNT);
        ByteBuffer cursor = bytes.duplicate().position(start + RECORDS);
        for (int i = 0; i < count; i++) {
            int sizeBytes = (int) varint(cursor);
            int end = cursor.position() + sizeBytes;
            cursor.get(); // attributes
            varint(cursor); // timestamp
            long offset = baseOffset + varint(cursor);
            int keyStart = cursor.position();
            int keySize = (int) varint(cursor);
            cursor.position(cursor.position() + Math.max(0, keySize));
            int valueSize = (int) varint(cursor);
            int valueStart = cursor.position();
            int valueEnd = valueStart + Math.max(0, valueSize);
            records.add(new Found(
                    file,
                    start,
                    offset,
                    checksum(bytes.array(), keyStart, valueEnd),
                    valueStart,
                    Math.max(0, valueSize)));
            cursor.position(end);
        }
    }

    private static long varint(ByteBuffer cursor) {
        long raw = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte part = cursor.get();
            raw |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw new IllegalArgumentException("a varint of more than ten bytes");
    }

    static long checksum(byte[] bytes, int start, int end) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, start, end - start);
        return checksum.getValue();
    }

    /// Changes one byte of a value, in place, and makes the batch's checksum right again: what no checksum can
    /// find.
    static void forge(Found record) throws IOException {
        byte[] bytes = Files.readAllBytes(record.file());
        int position = record.valueStart() + record.valueSizeBytes() / 2;
        bytes[position] ^= 1;
        int end = record.batchStart() + ByteBuffer.wrap(bytes).getInt(record.batchStart() + LENGTH) + LENGTH_EXCLUDES;
        try (RandomAccessFile file = new RandomAccessFile(record.file().toFile(), "rw")) {
            file.seek(position);
            file.write(bytes[position]);
            file.seek(record.batchStart() + CHECKSUM);
            file.writeInt((int) checksum(bytes, record.batchStart() + ATTRIBUTES, end));
        }
    }
}
