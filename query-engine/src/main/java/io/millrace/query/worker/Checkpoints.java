package io.millrace.query.worker;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.query.Frontier;
import java.io.DataInputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The checkpoints of one query in a folder of this node, newest two.
///
/// They only shorten a recovery: one that is missing, damaged, of another version or of another definition is left
/// out, and the input is read again from where the query began. File, big-endian:
///
/// | bytes | field      | meaning                                                                      |
/// |-------|------------|------------------------------------------------------------------------------|
/// | 0–3   | magic      | `MRCP`                                                                       |
/// | 4–7   | version    | 1                                                                            |
/// | 8–    | header     | definition, output topic, step, frontier, inputs                             |
/// | then  | body       | the execution's state                                                        |
/// | end   | crc32c     | 4 bytes over everything before                                               |
///
/// Files are named by a number that counts up. Threading: the query's own thread; what [#write] leaves to do runs
/// on `background`.
final class Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final int MAGIC = 0x4d524350;
    private static final int VERSION = 1;
    private static final int CHECKSUM_BYTES = 4;
    private static final int KEPT = 2;
    private static final String SUFFIX = ".checkpoint";
    private static final String TEMPORARY = ".tmp";

    private final Disk disk;
    private final Path folder;
    private final long freeBytesMin;
    private final Executor background;

    /// @param freeBytesMin space that checkpoints leave to others
    Checkpoints(Disk disk, Path folder, long freeBytesMin, Executor background) {
        this.disk = disk;
        this.folder = folder;
        this.freeBytesMin = freeBytesMin;
        this.background = background;
    }

    /// What a checkpoint is of.
    ///
    /// @param definition hash of the query's text
    /// @param output id of the topic that it writes
    /// @param inputs ids of those that it reads
    record Header(String definition, long output, long step, Frontier frontier, Map<String, Long> inputs) {
        Header {
            inputs = Map.copyOf(inputs);
        }
    }

    /// Writes the state.
    interface Body {
        void write(DataOutput out) throws IOException;
    }

    /// Writes a checkpoint; `body` has been called when this returns, the rest is done in the background.
    ///
    /// @param bytes about as many as it will have
    /// @return completes with whether it is there
    CompletableFuture<Boolean> write(Header header, long bytes, Body body) {
        try {
            disk.createFolders(folder);
            if (disk.usableBytes(folder) - bytes < freeBytesMin) {
                throw new IOException("the disk is nearly full");
            }
            Path file = folder.resolve("%020d%s".formatted(nextNumber(), SUFFIX));
            Path temporary = folder.resolve(file.getFileName() + TEMPORARY);
            DiskFile out = disk.open(temporary);
            try {
                out.truncate(0);
                ChecksummedOutput stream = new ChecksummedOutput(out);
                DataOutputStream data = new DataOutputStream(stream);
                data.writeInt(MAGIC);
                data.writeInt(VERSION);
                write(header, data);
                body.write(data);
                stream.finish();
            } catch (IOException | RuntimeException failure) {
                out.close();
                disk.delete(temporary);
                throw failure;
            }
            return CompletableFuture.supplyAsync(() -> finish(out, temporary, file), background);
        } catch (IOException failure) {
            LOG.atWarn()
                    .addKeyValue("folder", folder.getFileName())
                    .addKeyValue("reason", failure.getMessage())
                    .log("no checkpoint could be written; a recovery would read more of the input again");
            return CompletableFuture.completedFuture(false);
        }
    }

    private boolean finish(DiskFile out, Path temporary, Path file) {
        try {
            try (out) {
                out.sync();
            }
            disk.rename(temporary, file);
            disk.syncFolder(folder);
            List<Path> files = newestFirst();
            for (Path old : files.subList(Math.min(KEPT, files.size()), files.size())) {
                disk.delete(old);
            }
            return true;
        } catch (IOException failure) {
            LOG.atWarn()
                    .addKeyValue("folder", folder.getFileName())
                    .addKeyValue("reason", failure.getMessage())
                    .log("a checkpoint could not be made durable; a recovery would read more of the input again");
            return false;
        }
    }

    private long nextNumber() throws IOException {
        List<Path> files = newestFirst();
        if (files.isEmpty()) {
            return 1;
        }
        String name = files.getFirst().getFileName().toString();
        return 1 + Long.parseLong(name.substring(0, name.length() - SUFFIX.length()));
    }

    /// Files that look like checkpoints.
    List<Path> newestFirst() throws IOException {
        List<Path> files = new ArrayList<>();
        for (String name : disk.list(folder)) {
            if (name.matches("\\d{20}\\" + SUFFIX)) {
                files.add(folder.resolve(name));
            }
        }
        files.sort(Comparator.comparing((Path file) -> file.getFileName().toString())
                .reversed());
        return files;
    }

    /// Deletes what an interrupted write has left.
    void sweep() {
        try {
            for (String name : disk.list(folder)) {
                if (name.endsWith(TEMPORARY)) {
                    disk.delete(folder.resolve(name));
                }
            }
        } catch (IOException failure) {
            LOG.atWarn().addKeyValue("reason", failure.getMessage()).log("an unfinished checkpoint stays behind");
        }
    }

    /// All of them; those of a query that is dropped, or begins anew.
    void deleteAll() {
        try {
            for (String name : disk.list(folder)) {
                disk.delete(folder.resolve(name));
            }
            if (disk.exists(folder)) {
                disk.delete(folder);
            }
        } catch (IOException failure) {
            LOG.atWarn()
                    .addKeyValue("folder", folder.getFileName())
                    .addKeyValue("reason", failure.getMessage())
                    .log("checkpoints could not be deleted; they are of no use, and do no harm");
        }
    }

    /// Deletes one that turned out to be of no use.
    void discard(Path file, String reason) {
        LOG.atWarn()
                .addKeyValue("file", file)
                .addKeyValue("reason", reason)
                .log("a checkpoint is ignored; the input is read again instead");
        try {
            disk.delete(file);
        } catch (IOException failure) {
            LOG.atWarn().addKeyValue("reason", failure.getMessage()).log("a useless checkpoint stays behind");
        }
    }

    /// Opens one whose checksum is right.
    ///
    /// @throws IOException it is damaged or of another version; the message says what is wrong
    Opened open(Path file) throws IOException {
        DiskFile in = disk.openForReading(file);
        try {
            long size = in.sizeBytes();
            if (size < 2 * Integer.BYTES + CHECKSUM_BYTES) {
                throw new IOException("expected a checkpoint, found %d bytes".formatted(size));
            }
            verify(in, size);
            DataInputStream data = new DataInputStream(new FileInput(in, size - CHECKSUM_BYTES));
            int magic = data.readInt();
            int version = data.readInt();
            if (magic != MAGIC || version != VERSION) {
                throw new IOException(String.format(
                        Locale.ROOT,
                        "expected magic %08x and version %d, found %08x and %d",
                        MAGIC,
                        VERSION,
                        magic,
                        version));
            }
            return new Opened(in, readHeader(data), data);
        } catch (IOException | RuntimeException failure) {
            in.close();
            throw failure;
        }
    }

    private static void verify(DiskFile in, long size) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
        long end = size - CHECKSUM_BYTES;
        for (long at = 0; at < end; ) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), end - at));
            int read = in.read(chunk, at);
            if (read <= 0) {
                throw new EOFException("expected %d bytes, found the end at %d".formatted(size, at));
            }
            crc.update(chunk.flip());
            at += read;
        }
        chunk.clear().limit(CHECKSUM_BYTES);
        in.read(chunk, end);
        int expected = chunk.getInt(0);
        if (expected != (int) crc.getValue()) {
            throw new IOException("expected checksum 0x%08x, found 0x%08x".formatted(expected, (int) crc.getValue()));
        }
    }

    private static void write(Header header, DataOutput out) throws IOException {
        out.writeUTF(header.definition());
        out.writeLong(header.output());
        out.writeLong(header.step());
        writeText(out, header.frontier().toString());
        out.writeInt(header.inputs().size());
        for (Map.Entry<String, Long> input : new TreeMap<>(header.inputs()).entrySet()) {
            out.writeUTF(input.getKey());
            out.writeLong(input.getValue());
        }
    }

    private static Header readHeader(DataInputStream in) throws IOException {
        String definition = in.readUTF();
        long output = in.readLong();
        long step = in.readLong();
        byte[] frontier = new byte[in.readInt()];
        in.readFully(frontier);
        Map<String, Long> inputs = new TreeMap<>();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            String topic = in.readUTF();
            inputs.put(topic, in.readLong());
        }
        String offsets = new String(frontier, java.nio.charset.StandardCharsets.UTF_8);
        return new Header(definition, output, step, Frontier.parse(offsets), inputs);
    }

    /// Frontiers over very many partitions are longer than what `writeUTF` takes.
    private static void writeText(DataOutput out, String text) throws IOException {
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    /// A checkpoint that is being read.
    ///
    /// @param body stands at the state
    record Opened(DiskFile file, Header header, DataInputStream body) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /// Collects bytes and writes them in large pieces, with the checksum of all.
    private static final class ChecksummedOutput extends OutputStream {
        private final DiskFile file;
        private final CRC32C crc = new CRC32C();
        private final byte[] buffer = new byte[1 << 16];
        private int used;
        private long position;

        ChecksummedOutput(DiskFile file) {
            this.file = file;
        }

        @Override
        public void write(int value) throws IOException {
            if (used == buffer.length) {
                drain();
            }
            buffer[used++] = (byte) value;
        }

        @Override
        public void write(byte[] bytes, int start, int length) throws IOException {
            int from = start;
            int left = length;
            while (left > 0) {
                if (used == buffer.length) {
                    drain();
                }
                int count = Math.min(left, buffer.length - used);
                System.arraycopy(bytes, from, buffer, used, count);
                used += count;
                from += count;
                left -= count;
            }
        }

        private void drain() throws IOException {
            crc.update(buffer, 0, used);
            file.write(ByteBuffer.wrap(buffer, 0, used), position);
            position += used;
            used = 0;
        }

        void finish() throws IOException {
            drain();
            file.write(ByteBuffer.allocate(CHECKSUM_BYTES).putInt(0, (int) crc.getValue()), position);
        }
    }

    /// The bytes of a file up to `end`, through a buffer.
    private static final class FileInput extends InputStream {
        private final DiskFile file;
        private final long end;
        private final byte[] buffer = new byte[1 << 16];
        private int next;
        private int loaded;
        private long position;

        FileInput(DiskFile file, long end) {
            this.file = file;
            this.end = end;
        }

        @Override
        public int read() throws IOException {
            return next < loaded || load() ? buffer[next++] & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int start, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (next == loaded && !load()) {
                return -1;
            }
            int count = Math.min(length, loaded - next);
            System.arraycopy(buffer, next, target, start, count);
            next += count;
            return count;
        }

        private boolean load() throws IOException {
            int wanted = (int) Math.min(buffer.length, end - position);
            if (wanted <= 0) {
                return false;
            }
            loaded = file.read(ByteBuffer.wrap(buffer, 0, wanted), position);
            next = 0;
            position += Math.max(0, loaded);
            return loaded > 0;
        }
    }
}
