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

    /// Atomic; durable only after [#syncFolder] of the target's folder. Files stay in their folder; folders may
    /// move, with everything in them.
    void rename(Path from, Path to) throws IOException;

    /// Gives the content of a file that never changes again a second name; each is deleted by itself. A file
    /// system that cannot do it copies the bytes, durably. The name is durable after [#syncFolder].
    ///
    /// @throws java.nio.file.FileAlreadyExistsException there is something under the new name
    default void link(Path existing, Path name) throws IOException {
        if (exists(name)) {
            throw new java.nio.file.FileAlreadyExistsException(name.toString());
        }
        try (DiskFile from = openForReading(existing);
                DiskFile to = open(name)) {
            java.nio.ByteBuffer piece = java.nio.ByteBuffer.allocate(1 << 18);
            long position = 0;
            while (from.read(piece.clear(), position) > 0) {
                to.write(piece.flip(), position);
                position += piece.limit();
            }
            to.sync();
        }
    }

    /// Deletes a file, or a folder with everything in it; nothing when there is none.
    default void deleteTree(Path path) throws IOException {
        if (!exists(path)) {
            return;
        }
        for (String name : list(path)) {
            deleteTree(path.resolve(name));
        }
        delete(path);
    }

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
