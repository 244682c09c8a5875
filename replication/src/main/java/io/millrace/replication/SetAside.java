package io.millrace.replication;

import io.millrace.log.disk.Disk;
import io.millrace.log.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// Empties a data folder into `aside-<time>`. What is half moved must never vote, so the intention is written
/// down first, and whoever opens the folder carries it out before anything else.
///
/// ```
/// write set-aside (durable) → delete older asides → move folders, copy and delete files
///   → delete set-aside (durable)
/// ```
final class SetAside {
    private static final String INTENTION = "set-aside";
    /// Held by this process, and by the node around it; a lock that is moved away locks nothing.
    private static final Set<String> LOCKS = Set.of("lock", "node.lock");
    private static final String ASIDE = "aside-\\d+";
    private static final int FILE_BYTES_MAX = 1 << 30;

    private SetAside() {}

    static Path begin(Disk disk, Path folder, long nowMs) throws IOException {
        finish(disk, folder);
        long time = nowMs;
        while (disk.exists(folder.resolve("aside-" + time))) {
            time++;
        }
        disk.replace(folder.resolve(INTENTION), ("aside-" + time + "\n").getBytes(StandardCharsets.UTF_8));
        finish(disk, folder);
        return folder.resolve("aside-" + time);
    }

    /// Carries out what was begun; does nothing when nothing was.
    static void finish(Disk disk, Path folder) throws IOException {
        Path intention = folder.resolve(INTENTION);
        if (!disk.exists(intention)) {
            return;
        }
        String name = new String(read(disk, intention), StandardCharsets.UTF_8).strip();
        if (!name.matches(ASIDE)) {
            throw new IOException(
                    "%s says '%s', expected the name of a folder aside-<time>. Move everything out of %s by hand."
                            .formatted(intention, name, folder));
        }
        Path aside = folder.resolve(name);
        disk.createFolders(aside);
        List<String> names = disk.list(folder);
        for (String other : names) {
            if (other.matches(ASIDE) && !other.equals(name)) {
                disk.deleteTree(folder.resolve(other));
            }
        }
        for (String other : names) {
            if (!other.matches(ASIDE) && !other.equals(INTENTION) && !LOCKS.contains(other)) {
                move(disk, folder.resolve(other), aside.resolve(other));
            }
        }
        disk.syncFolder(aside);
        disk.syncFolder(folder);
        disk.delete(intention);
        disk.syncFolder(folder);
    }

    private static void move(Disk disk, Path from, Path to) throws IOException {
        if (isFolder(disk, from)) {
            disk.rename(from, to);
            return;
        }
        disk.replace(to, read(disk, from));
        disk.delete(from);
    }

    private static boolean isFolder(Disk disk, Path path) {
        try (DiskFile file = disk.openForReading(path)) {
            file.read(ByteBuffer.allocate(1), 0);
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private static byte[] read(Disk disk, Path path) throws IOException {
        try (DiskFile file = disk.openForReading(path)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(FILE_BYTES_MAX, file.sizeBytes()));
            file.read(bytes, 0);
            return java.util.Arrays.copyOf(bytes.array(), bytes.position());
        }
    }
}
