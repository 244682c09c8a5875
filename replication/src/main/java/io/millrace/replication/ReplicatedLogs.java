package io.millrace.replication;

import io.millrace.log.disk.Disk;
import io.millrace.replication.partition.GroupLog;
import io.millrace.replication.ratis.RatisConsensus;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;

/// Opens replicated logs.
public final class ReplicatedLogs {
    private ReplicatedLogs() {}

    /// Opens a node without peers to copy from.
    ///
    /// @throws IOException as [#open(ReplicationSettings, Disk, InstantSource, ReplicaPeers)]
    public static ReplicatedLog open(ReplicationSettings settings, Disk disk, InstantSource clock) throws IOException {
        return open(settings, disk, clock, ReplicaPeers.NONE);
    }

    /// Opens this node's part of the log. With one member, everything that was ever acknowledged is readable and
    /// the node leads when this returns; with more, [ReplicatedLog#health] tells when it is ready. Without members
    /// the node waits until somebody adds it ([Cluster#add] on a member).
    ///
    /// @param disk holds the partition logs and the manifest. The consensus log is kept by a library that
    ///     writes to
    ///     the real file system below `settings.dataFolder()`
    /// @param clock of the decisions that need time (idempotency windows, retention) while this node leads
    /// @param peers where a replica that is too far behind gets its files
    /// @throws IOException the disk failed, holds something else than was written, or is in use by another
    ///     process
    /// @throws IllegalArgumentException the settings contradict themselves
    public static ReplicatedLog open(ReplicationSettings settings, Disk disk, InstantSource clock, ReplicaPeers peers)
            throws IOException {
        if (settings.groups() != 1) {
            throw new IllegalArgumentException("groups must be 1 in this version, not " + settings.groups());
        }
        FolderLock lock = FolderLock.take(settings.dataFolder());
        try {
            ReplicationSettings resolved = Beginning.resolve(settings, disk);
            return GroupLog.open(
                    resolved,
                    disk,
                    clock,
                    machine -> RatisConsensus.open(resolved, machine),
                    lock,
                    new GroupLog.Surroundings(peers, settings.members(), members -> remember(resolved, disk, members)));
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    private static void remember(ReplicationSettings settings, Disk disk, List<Member> members) throws IOException {
        new NodeIdentity(settings.nodeId(), settings.self().directoryId(), true, members)
                .write(disk, settings.dataFolder());
    }
}
