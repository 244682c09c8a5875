package io.millrace.faults.stage;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A file system in a file, whose power can be cut.
///
/// A cut is XFS's own shutdown without a flush of its log (`FS_IOC_SHUTDOWN`): what was not fsynced is gone,
/// for real, because the pages of the file system never reach the file below.
final class LoopDisk implements Closeable {
    private static final long SIZE_BYTES = 512L << 20; // mkfs.xfs takes no less than 300 MB
    private static final int UNMOUNT_ATTEMPTS = 50;
    private static final String FILLER = ".filler";

    private final Path image;
    private final Path folder;

    private LoopDisk(Path image, Path folder) {
        this.image = image;
        this.folder = folder;
    }

    static LoopDisk make(Path parent, String name) throws IOException, InterruptedException {
        LoopDisk disk = new LoopDisk(parent.resolve(name + ".img"), parent.resolve(name + ".disk"));
        Files.createDirectories(disk.folder);
        try (RandomAccessFile file = new RandomAccessFile(disk.image.toFile(), "rw")) {
            file.setLength(SIZE_BYTES);
        }
        Shell.must("mkfs.xfs", "-q", "-f", disk.image.toString());
        disk.mount();
        return disk;
    }

    private void mount() throws IOException, InterruptedException {
        Shell.must("mount", "-o", "loop", image.toString(), folder.toString());
    }

    Path folder() {
        return folder;
    }

    /// From now on nothing reaches the disk, and what was on its way is lost.
    void cutPower() throws IOException, InterruptedException {
        Shell.must("xfs_io", "-x", "-c", "shutdown", folder.toString());
    }

    /// The disk as it is after [#cutPower]; nobody may have files open.
    void powerOn() throws IOException, InterruptedException {
        unmount();
        mount();
    }

    private void unmount() throws IOException, InterruptedException {
        String last = "";
        for (int attempt = 0; attempt < UNMOUNT_ATTEMPTS; attempt++) {
            Shell.Ended ended = Shell.run("umount", folder.toString());
            if (ended.exitCode() == 0) {
                return;
            }
            last = ended.output();
            TimeUnit.MILLISECONDS.sleep(100); // a process that was killed is still closing its files
        }
        throw new IOException(folder + " cannot be unmounted: " + last.strip());
    }

    /// Leaves not a byte.
    void fill() throws IOException {
        byte[] zeros = new byte[1 << 20];
        int size = zeros.length;
        try (RandomAccessFile filler =
                new RandomAccessFile(folder.resolve(FILLER).toFile(), "rw")) {
            while (size >= 4096) {
                try {
                    filler.write(zeros, 0, size);
                } catch (IOException full) {
                    size /= 2;
                }
            }
        }
    }

    /// Undoes [#fill].
    void free() throws IOException {
        Files.deleteIfExists(folder.resolve(FILLER));
    }

    @Override
    public void close() throws IOException {
        try {
            Shell.run("umount", "-l", folder.toString());
            Files.deleteIfExists(image);
            Files.deleteIfExists(folder);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
