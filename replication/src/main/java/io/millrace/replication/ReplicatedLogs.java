package io.millrace.replication;

import io.millrace.log.disk.Disk;
import io.millrace.replication.partition.GroupLog;
import io.millrace.replication.ratis.RatisConsensus;
import java.io.IOException;
import java.time.InstantSource;

/// Opens replicated logs.
public final class ReplicatedLogs {
    private ReplicatedLogs() {}

    /// Opens this node's part of the log. With one peer, everything that was ever acknowledged is readable and
    /// the node leads when this returns; with more, [ReplicatedLog#health] tells when it is ready.
    ///
    /// @param disk holds the partition logs and the manifest. The consensus log is kept by a library that
    ///     writes to
    ///     the real file system below `settings.dataFolder()`
    /// @param clock of the decisions that need time (idempotency windows, retention) while this node leads
    /// @throws IOException the disk failed, holds something else than was written, or is in use by another
    ///     process
    /// @throws IllegalArgumentException the settings contradict themselves
    public static ReplicatedLog open(ReplicationSettings settings, Disk disk, InstantSource clock) throws IOException {
        if (settings.groups() != 1) {
            throw new IllegalArgumentException("groups must be 1 in this version, not " + settings.groups());
        }
        FolderLock lock = FolderLock.take(settings.dataFolder());
        try {
            return GroupLog.open(settings, disk, clock, machine -> RatisConsensus.open(settings, machine), lock);
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }
}
