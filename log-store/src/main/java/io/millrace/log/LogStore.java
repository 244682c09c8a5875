package io.millrace.log;

import io.millrace.log.disk.Disk;
import java.io.IOException;
import java.nio.file.Path;

/// Opens partition logs below one folder of a [Disk].
public final class LogStore {
    private final Disk disk;

    public LogStore(Disk disk) {
        this.disk = disk;
    }

    /// Opens the log in `folder`, creating it when absent, and recovers it.
    ///
    /// `trusted` is where the last durable manifest says the log ended: files are cut to it and what lies
    /// before is
    /// verified; bytes behind it are dropped because whoever wrote the manifest replays them. Null opens by
    /// recovery alone: the torn tail is cut, everything else that is wrong is a [CorruptLogException].
    public PartitionLog open(Path folder, LogSettings settings, @org.jspecify.annotations.Nullable LogEnd trusted)
            throws IOException {
        throw new UnsupportedOperationException(disk + " " + folder);
    }
}
