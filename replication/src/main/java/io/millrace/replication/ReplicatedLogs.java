package io.millrace.replication;

import io.millrace.log.CorruptLogException;
import io.millrace.log.disk.Disk;
import io.millrace.replication.partition.GroupLog;
import io.millrace.replication.partition.ManyGroups;
import io.millrace.replication.placement.Placement;
import io.millrace.replication.ratis.Departures;
import io.millrace.replication.ratis.RatisServer;
import java.io.IOException;
import java.nio.file.Path;
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

    /// Opens this node's part of the log. With one member, everything that was ever acknowledged is readable
    /// and the node leads when this returns; with more, [ReplicatedLog#health] tells when it is ready. Without
    /// members the node waits until somebody adds it ([Cluster#add] on a member).
    ///
    /// @param disk holds the partition logs and the manifest. The consensus log is kept by a library that
    ///     writes to
    ///     the real file system below `settings.dataFolder()`
    /// @param clock of the decisions that need time (idempotency windows, retention) while this node leads
    /// @param peers where a replica that is too far behind gets its files
    /// @throws DamagedReplicaException the folder holds something else than was written
    /// @throws IOException the disk failed, or the folder is in use by another process
    /// @throws IllegalArgumentException the settings contradict themselves
    public static ReplicatedLog open(ReplicationSettings settings, Disk disk, InstantSource clock, ReplicaPeers peers)
            throws IOException {
        if (settings.groups() < 1 || settings.groups() > Placement.GROUPS_MAX) {
            throw new IllegalArgumentException(
                    "groups must be 1 to %d, not %d".formatted(Placement.GROUPS_MAX, settings.groups()));
        }
        if (settings.replicationFactor() < 0 || (settings.replicationFactor() > 0 && settings.groups() < 2)) {
            throw new IllegalArgumentException(
                    "a replication factor is at least 1 and needs at least two groups, because every node holds group 0; there are %d groups and factor %d"
                            .formatted(settings.groups(), settings.replicationFactor()));
        }
        FolderLock lock = FolderLock.take(settings.dataFolder());
        try {
            SetAside.finish(disk, settings.dataFolder());
            ReplicationSettings resolved = Beginning.resolve(settings, disk);
            Departures.finish(resolved, disk);
            RatisServer server = RatisServer.of(resolved);
            GroupLog.Surroundings surroundings =
                    new GroupLog.Surroundings(peers, settings.members(), members -> remember(resolved, disk, members));
            return resolved.groups() == 1
                    ? GroupLog.open(resolved, disk, clock, machine -> server.open(0, machine), lock, surroundings)
                    : ManyGroups.open(resolved, disk, clock, server, lock, surroundings);
        } catch (CorruptLogException e) {
            lock.close();
            throw new DamagedReplicaException(
                    "data folder %s is damaged: %s".formatted(settings.dataFolder(), e.getMessage()), e);
        } catch (IOException | RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    /// Moves everything that a data folder holds into `aside-<time>` in it, and deletes what had been there
    /// before. The folder is a fresh one then: it has no vote, no log and no records, and gets a new directory
    /// id with the next [NodeIdentity#of]. A crash in the middle is made up for by the next start.
    ///
    /// @return where it is kept; `node.properties` in it names the members that were known
    /// @throws IOException the disk failed, or the folder is in use
    public static Path setAside(Path dataFolder, Disk disk) throws IOException {
        try (FolderLock lock = FolderLock.take(dataFolder)) {
            return SetAside.begin(disk, dataFolder, System.currentTimeMillis());
        }
    }

    private static void remember(ReplicationSettings settings, Disk disk, List<Member> members) throws IOException {
        new NodeIdentity(settings.nodeId(), settings.self().directoryId(), true, members, settings.layout())
                .write(disk, settings.dataFolder());
    }
}
