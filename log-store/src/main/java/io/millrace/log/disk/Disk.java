package io.millrace.log.disk;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// What Millrace needs of a file system. Any thread.
public interface Disk {
    /// Opens for reading and writing; creates the file (not its folder) when absent.
    DiskFile open(Path file) throws IOException;

    /// Opens for reading only.
    DiskFile openForReading(Path file) throws IOException;

    boolean exists(Path path);

    /// Names of the entries of `folder`, sorted; empty when there is no such folder.
    List<String> list(Path folder) throws IOException;

    void createFolders(Path folder) throws IOException;

    /// Atomic; durable only after [#syncFolder] of the target's folder.
    void rename(Path from, Path to) throws IOException;

    /// Deletes a file or an empty folder.
    void delete(Path file) throws IOException;

    void syncFolder(Path folder) throws IOException;

    /// Bytes that may still be written.
    long usableBytes(Path folder) throws IOException;

    /// Writes `content` so that after a crash `file` holds the old or the new content, whole: temporary file,
    /// fsync, rename, folder fsync.
    default void replace(Path file, byte[] content) throws IOException {
        Path folder = java.util.Objects.requireNonNull(file.toAbsolutePath().getParent());
        Path temporary = folder.resolve(file.getFileName() + ".tmp");
        try (DiskFile out = open(temporary)) {
            out.truncate(0);
            out.write(java.nio.ByteBuffer.wrap(content), 0);
            out.sync();
        }
        rename(temporary, file);
        syncFolder(folder);
    }
}
