package io.millrace.replication.snapshot;

import io.millrace.log.CorruptLogException;
import io.millrace.log.LogEnd;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.replication.metadata.IdempotencyWindow;
import io.millrace.replication.metadata.Metadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// State of one group after the entry at `index`, all of it durable.
///
/// File layout, big-endian:
///
/// | bytes | field     | meaning                                      |
/// |-------|-----------|----------------------------------------------|
/// | 0–3   | magic     | `MRMF`                                       |
/// | 4–7   | version   | 2                                            |
/// | 8–11  | length    | bytes of the body                            |
/// | 12–   | body      | term, index, time, metadata, partitions, folder |
/// | end   | crc32c    | 4 bytes over everything before               |
///
/// A partition in the body: topic id, partition, earliest offset, whether its log has an end (1 byte), the end
/// (segment, position, next offset), its idempotency window. Version 1 has no folder; it is `logs`.
///
/// @param index of the last entry that is contained
/// @param timeMs largest time of the entries that are contained
/// @param partitions those that hold anything; the others are empty
/// @param folder of the partition logs, in the data folder. Replacing the manifest is how a rebuilt state comes into
///     force, all of it at once
public record Manifest(
        long term, long index, long timeMs, Metadata metadata, List<PartitionFact> partitions, String folder) {
    /// The folder of partition logs that a node begins with.
    public static final String FIRST_FOLDER = "logs";

    static final int MAGIC = 0x4d524d46;
    static final int VERSION = 2;
    private static final int HEADER_BYTES = 12;
    private static final int CHECKSUM_BYTES = 4;

    public Manifest {
        partitions = List.copyOf(partitions);
    }

    public Manifest(long term, long index, long timeMs, Metadata metadata, List<PartitionFact> partitions) {
        this(term, index, timeMs, metadata, partitions, FIRST_FOLDER);
    }

    /// The same state in another folder.
    public Manifest in(String otherFolder) {
        return new Manifest(term, index, timeMs, metadata, partitions, otherFolder);
    }

    /// @param earliestOffset decided floor; files below it may still be there
    /// @param end null for a partition that was never written
    /// @param window null for one that remembers no key
    public record PartitionFact(
            long topicId,
            int partition,
            long earliestOffset,
            @Nullable LogEnd end,
            @Nullable IdempotencyWindow window) {}

    /// Replaces `file`, durably.
    public void write(Disk disk, Path file) throws IOException {
        disk.replace(file, encode());
    }

    /// Empty when there is no such file: a new node.
    ///
    /// @throws CorruptLogException the file is not what was written
    public static Optional<Manifest> read(Disk disk, Path file, int idempotencyKeysMax) throws IOException {
        if (!disk.exists(file)) {
            return Optional.empty();
        }
        try (DiskFile in = disk.openForReading(file)) {
            long size = in.sizeBytes();
            if (size < HEADER_BYTES + CHECKSUM_BYTES || size > Integer.MAX_VALUE - 8) {
                throw corrupt(file, "it is %d bytes long".formatted(size));
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            in.read(bytes, 0);
            return Optional.of(decode(file, bytes.array(), bytes.position(), idempotencyKeysMax));
        }
    }

    /// Decodes the bytes of a manifest's file.
    ///
    /// @param place for messages
    /// @throws CorruptLogException they are not what was written
    public static Manifest of(Path place, byte[] bytes, int idempotencyKeysMax) throws IOException {
        if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) {
            throw corrupt(place, "it is %d bytes long".formatted(bytes.length));
        }
        return decode(place, bytes, bytes.length, idempotencyKeysMax);
    }

    /// The bytes of the file.
    public byte[] encode() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(MAGIC);
        out.writeInt(VERSION);
        out.writeInt(0); // length of the body, below
        out.writeLong(term);
        out.writeLong(index);
        out.writeLong(timeMs);
        metadata.writeTo(out);
        out.writeInt(partitions.size());
        for (PartitionFact partition : partitions) {
            out.writeLong(partition.topicId());
            out.writeInt(partition.partition());
            out.writeLong(partition.earliestOffset());
            LogEnd end = partition.end();
            out.writeBoolean(end != null);
            if (end != null) {
                out.writeLong(end.segmentFirstOffset());
                out.writeLong(end.positionBytes());
                out.writeLong(end.nextOffset());
                out.writeLong(end.earliestOffset());
            }
            IdempotencyWindow window = partition.window();
            out.writeBoolean(window != null);
            if (window != null) {
                window.writeTo(out);
            }
        }
        out.writeUTF(folder);
        out.writeInt(0); // checksum, below
        byte[] encoded = bytes.toByteArray();
        ByteBuffer view = ByteBuffer.wrap(encoded);
        view.putInt(8, encoded.length - HEADER_BYTES - CHECKSUM_BYTES);
        view.putInt(encoded.length - CHECKSUM_BYTES, checksum(encoded, encoded.length - CHECKSUM_BYTES));
        return encoded;
    }

    private static Manifest decode(Path file, byte[] bytes, int length, int idempotencyKeysMax) throws IOException {
        ByteBuffer view = ByteBuffer.wrap(bytes, 0, length);
        if (length < bytes.length || view.getInt(0) != MAGIC) {
            throw corrupt(file, "it does not begin with MRMF");
        }
        int version = view.getInt(4);
        if (version < 1 || version > VERSION) {
            throw corrupt(file, "its version is %d, this program reads 1 to %d".formatted(version, VERSION));
        }
        int bodyBytes = view.getInt(8);
        if (bodyBytes != length - HEADER_BYTES - CHECKSUM_BYTES) {
            throw corrupt(file, "expected a body of %d bytes, found a file of %d".formatted(bodyBytes, length));
        }
        int expected = view.getInt(length - CHECKSUM_BYTES);
        int actual = checksum(bytes, length - CHECKSUM_BYTES);
        if (expected != actual) {
            throw corrupt(file, "expected checksum 0x%08x, found 0x%08x".formatted(expected, actual));
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes, HEADER_BYTES, bodyBytes));
        long term = in.readLong();
        long index = in.readLong();
        long timeMs = in.readLong();
        Metadata metadata = Metadata.readFrom(in);
        PartitionFact[] partitions = new PartitionFact[in.readInt()];
        for (int i = 0; i < partitions.length; i++) {
            long topicId = in.readLong();
            int partition = in.readInt();
            long earliestOffset = in.readLong();
            LogEnd end =
                    in.readBoolean() ? new LogEnd(in.readLong(), in.readLong(), in.readLong(), in.readLong()) : null;
            IdempotencyWindow window = in.readBoolean() ? IdempotencyWindow.readFrom(in, idempotencyKeysMax) : null;
            partitions[i] = new PartitionFact(topicId, partition, earliestOffset, end, window);
        }
        String folder = version == 1 ? FIRST_FOLDER : in.readUTF();
        return new Manifest(term, index, timeMs, metadata, List.of(partitions), folder);
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static CorruptLogException corrupt(Path file, String what) {
        return new CorruptLogException(
                "manifest %s is corrupt: %s. Keep the folder aside and let this node rebuild from its peers or a backup."
                        .formatted(file, what));
    }
}
