package io.millrace.replication;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import io.millrace.log.disk.LocalDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/// The local disk, with as much room as the test says.
final class LimitedDisk implements Disk {
    private final LocalDisk disk = new LocalDisk();
    volatile long usableBytes = 1 << 30;
    volatile boolean writesFail;
    volatile boolean manifestsFail;
    volatile boolean deletesFail;

    private DiskFile limited(DiskFile file) {
        return new DiskFile() {
            @Override
            public long sizeBytes() throws IOException {
                return file.sizeBytes();
            }

            @Override
            public int read(ByteBuffer target, long position) throws IOException {
                return file.read(target, position);
            }

            @Override
            public void write(ByteBuffer source, long position) throws IOException {
                if (writesFail) {
                    throw new IOException("No space left on device");
                }
                file.write(source, position);
            }

            @Override
            public void truncate(long sizeBytes) throws IOException {
                file.truncate(sizeBytes);
            }

            @Override
            public void sync() throws IOException {
                file.sync();
            }

            @Override
            public void close() throws IOException {
                file.close();
            }
        };
    }

    @Override
    public DiskFile open(Path file) throws IOException {
        if (manifestsFail && file.getFileName().toString().startsWith("manifest")) {
            throw new IOException("No space left on device");
        }
        return limited(disk.open(file));
    }

    @Override
    public DiskFile openForReading(Path file) throws IOException {
        return disk.openForReading(file);
    }

    @Override
    public boolean exists(Path path) {
        return disk.exists(path);
    }

    @Override
    public List<String> list(Path path) throws IOException {
        return disk.list(path);
    }

    @Override
    public void createFolders(Path path) throws IOException {
        disk.createFolders(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(Path file) throws IOException {
        if (deletesFail) {
            throw new IOException("Input/output error");
        }
        disk.delete(file);
    }

    @Override
    public void syncFolder(Path path) throws IOException {
        disk.syncFolder(path);
    }

    @Override
    public long usableBytes(Path path) {
        return usableBytes;
    }
}
