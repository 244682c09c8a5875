package io.millrace.replication.partition;

import io.millrace.log.disk.Disk;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.snapshot.StateFolders;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How much room the disk of a data folder has left, as of the last look.
///
/// Threading: [#look] by one thread; the rest by any.
final class DiskSpace {
    private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);

    private final Disk disk;
    private final ReplicationSettings settings;
    private final StateFolders folders;
    private volatile long freeBytes = Long.MAX_VALUE;
    private volatile boolean full;

    /// @param folders which may keep something aside that can go
    DiskSpace(Disk disk, ReplicationSettings settings, StateFolders folders) {
        this.disk = disk;
        this.settings = settings;
        this.folders = folders;
    }

    void look() {
        try {
            freeBytes = disk.usableBytes(settings.dataFolder());
            if (freeBytes < settings.freeBytesMin() && folders.deleteAsides()) {
                freeBytes = disk.usableBytes(settings.dataFolder());
            }
            boolean now = freeBytes < settings.freeBytesMin();
            if (now != full) {
                full = now;
                LOG.atWarn()
                        .addKeyValue("freeBytes", freeBytes)
                        .log(now ? "disk nearly full; writes are refused" : "disk has space again; writes go on");
            }
        } catch (IOException e) {
            LOG.atWarn().setCause(e).log("free space could not be read");
        }
    }

    long freeBytes() {
        return freeBytes;
    }

    /// Writes are refused.
    boolean isFull() {
        return full;
    }

    /// Not even what would free space should be written.
    boolean isSpent() {
        return full && freeBytes < settings.freeBytesMin() / 4;
    }

    /// A write may soon fail in the middle.
    boolean isNearlyGone() {
        return freeBytes < settings.freeBytesMin() / 2;
    }

    String message() {
        return ("the disk of %s has %d bytes left, %d are kept free; writes are refused until space is freed"
                        + " (delete topics, lower retention, or add disk)")
                .formatted(settings.dataFolder(), freeBytes, settings.freeBytesMin());
    }
}
