package io.millrace.log;

import io.millrace.log.append.SegmentedLog;
import io.millrace.log.disk.Disk;
import io.millrace.log.recovery.Recovery;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Opens partition logs below one folder of a [Disk].
///
/// Threading: any thread; one folder is open at most once at a time.
public final class LogStore {
    private final Disk disk;

    public LogStore(Disk disk) {
        this.disk = disk;
    }

    /// Opens the log in `folder`, creating it when absent, and recovers it. The high watermark is where the
    /// recovered log ends.
    ///
    /// `trusted` is where the last durable manifest says the log ended: files are cut to it and everything
    /// before it is verified; bytes behind it are dropped because whoever wrote the manifest replays them. Null
    /// opens by recovery alone: the torn tail is cut, everything else that is wrong is a [CorruptLogException].
    /// Without a manifest the earliest offset is that of the first segment.
    ///
    /// @throws CorruptLogException the files are not what was written; nothing was changed
    public PartitionLog open(Path folder, LogSettings settings, @Nullable LogEnd trusted) throws IOException {
        return new SegmentedLog(disk, folder, settings, Recovery.recover(disk, folder, settings, trusted));
    }
}
