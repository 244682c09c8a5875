package io.millrace.replication;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Keeps a second process out of a data folder. Taken before anything there is looked at: opening deletes what
/// a crash left, and for a second process that would be what the first one is writing.
final class FolderLock implements Closeable {
    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /// @throws IOException somebody else has it
    static FolderLock take(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path file = folder.resolve("lock");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new FolderLock(channel);
            }
        } catch (OverlappingFileLockException e) {
            // in use by this process; the same answer as for another one
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("data folder %s is in use by another node (it holds the lock on %s). Stop that node, or"
                        .formatted(folder, file)
                + " give this one a folder of its own.");
    }

    /// The operating system frees the lock with the channel, also when the process dies.
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
