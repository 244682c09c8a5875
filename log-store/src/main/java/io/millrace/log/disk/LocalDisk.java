package io.millrace.log.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The file system of this machine.
///
/// A thread that is interrupted while it reads or writes closes that file (`FileChannel` does so); hand files
/// of a writer to threads that nobody interrupts.
public final class LocalDisk implements Disk {
    @Override
    public DiskFile open(Path file) throws IOException {
        return new LocalFile(
                file,
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE));
    }

    @Override
    public DiskFile openForReading(Path file) throws IOException {
        return new LocalFile(file, FileChannel.open(file, StandardOpenOption.READ));
    }

    @Override
    public boolean exists(Path path) {
        return Files.exists(path);
    }

    @Override
    public List<String> list(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                names.add(String.valueOf(entry.getFileName()));
            }
        } catch (NoSuchFileException | NotDirectoryException absent) {
            return List.of();
        }
        Collections.sort(names);
        return names;
    }

    /// The folders are durable when it returns.
    @Override
    public void createFolders(Path folder) throws IOException {
        Path absolute = folder.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            return;
        }
        Path parent = absolute.getParent();
        if (parent != null) {
            createFolders(parent);
        }
        Files.createDirectories(absolute);
        if (parent != null) {
            syncFolder(parent);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void link(Path existing, Path name) throws IOException {
        try {
            Files.createLink(name, existing);
        } catch (UnsupportedOperationException | AccessDeniedException cannotLink) {
            Disk.super.link(existing, name);
        }
    }

    @Override
    public void delete(Path file) throws IOException {
        Files.delete(file);
    }

    @Override
    public void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public long usableBytes(Path folder) throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }

    private static final class LocalFile implements DiskFile {
        /// A read or write from the heap goes through a buffer off the heap that the JDK keeps per thread at
        /// the size of the largest transfer; pieces bound it.
        private static final int PIECE_BYTES = 1 << 18;

        private final Path path;
        private final FileChannel channel;

        LocalFile(Path path, FileChannel channel) {
            this.path = path;
            this.channel = channel;
        }

        @Override
        public long sizeBytes() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int start = target.position();
            int limit = target.limit();
            long at = position;
            try {
                while (target.position() < limit) {
                    target.limit(Math.min(limit, target.position() + PIECE_BYTES));
                    int count = channel.read(target, at);
                    if (count < 0) {
                        break;
                    }
                    at += count;
                }
            } catch (IOException e) {
                throw failed("read", at, e);
            } finally {
                target.limit(limit);
            }
            return target.position() - start;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int limit = source.limit();
            boolean direct = source.isDirect();
            long at = position;
            try {
                while (source.position() < limit) {
                    if (!direct) {
                        source.limit(Math.min(limit, source.position() + PIECE_BYTES));
                    }
                    at += channel.write(source, at);
                }
            } catch (IOException e) {
                throw failed("write", at, e);
            } finally {
                source.limit(limit);
            }
        }

        @Override
        public void truncate(long sizeBytes) throws IOException {
            channel.truncate(sizeBytes);
        }

        @Override
        public void sync() throws IOException {
            try {
                channel.force(false); // fdatasync: the length is part of it
            } catch (IOException e) {
                throw failed("fsync", channel.isOpen() ? channel.size() : -1, e);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }

        private IOException failed(String what, long position, IOException cause) {
            return new IOException(
                    "%s of %s at byte %d failed: %s".formatted(what, path, position, cause.getMessage()), cause);
        }
    }
}
