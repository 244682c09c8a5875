package io.millrace.replication;

import io.millrace.log.LogSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// @param self this node. An empty directory id stands for the one of the data folder; port 0 for a free one,
///     which is kept in the folder and tried again at the next start
/// @param members the nodes that form the cluster, this one included; this one alone for a single node; empty for a
///     node that waits to be added. A folder that has been formed knows its members better: then only the addresses
///     in here count
/// @param groups Raft groups, fixed when the cluster is created
/// @param replicationFactor nodes that hold each group but group 0, which every node holds and which then carries
/// metadata
///     only; 0 for all nodes. Whether it is 0 is fixed when the cluster is created, the number is changed with
///     [Cluster#reassign]
/// @param entryBytesMax largest Raft entry
/// @param pendingBytesMax bytes that may wait for an entry before appends are refused as overloaded
/// @param snapshotBytes applied bytes after which a snapshot is taken
/// @param snapshotInterval time after which a snapshot is taken when anything changed
/// @param freeBytesMin free space below which appends are refused
/// @param idempotencyWindow how long a key is remembered, by record time
/// @param idempotencyKeysMax keys remembered in each partition
/// @param rates of work in the background
/// @param tls of the connections between nodes; null for plain ones
public record ReplicationSettings(
        Member self,
        List<Member> members,
        Path dataFolder,
        int groups,
        int replicationFactor,
        LogSettings log,
        int entryBytesMax,
        long pendingBytesMax,
        long snapshotBytes,
        Duration snapshotInterval,
        long freeBytesMin,
        Duration idempotencyWindow,
        int idempotencyKeysMax,
        Duration requestTimeout,
        CopyRates rates,
        @Nullable NodeTls tls) {
    public ReplicationSettings {
        members = List.copyOf(members);
    }

    /// With the usual rates and plain connections.
    public ReplicationSettings(
            Member self,
            List<Member> members,
            Path dataFolder,
            int groups,
            LogSettings log,
            int entryBytesMax,
            long pendingBytesMax,
            long snapshotBytes,
            Duration snapshotInterval,
            long freeBytesMin,
            Duration idempotencyWindow,
            int idempotencyKeysMax,
            Duration requestTimeout) {
        this(
                self,
                members,
                dataFolder,
                groups,
                0,
                log,
                entryBytesMax,
                pendingBytesMax,
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                CopyRates.DEFAULT,
                null);
    }

    public String nodeId() {
        return self.nodeId();
    }

    /// The same at other rates.
    public ReplicationSettings with(CopyRates otherRates) {
        return new ReplicationSettings(
                self,
                members,
                dataFolder,
                groups,
                replicationFactor,
                log,
                entryBytesMax,
                pendingBytesMax,
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                otherRates,
                tls);
    }

    /// The same with other connections between nodes.
    public ReplicationSettings with(@Nullable NodeTls otherTls) {
        return new ReplicationSettings(
                self,
                members,
                dataFolder,
                groups,
                replicationFactor,
                log,
                entryBytesMax,
                pendingBytesMax,
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                rates,
                otherTls);
    }

    /// The same for another place in a cluster.
    public ReplicationSettings with(Member self, List<Member> members) {
        return new ReplicationSettings(
                self,
                members,
                dataFolder,
                groups,
                replicationFactor,
                log,
                entryBytesMax,
                pendingBytesMax,
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                rates,
                tls);
    }

    /// The same with another number of groups.
    public ReplicationSettings with(int otherGroups) {
        return with(otherGroups, replicationFactor);
    }

    /// The same with another number of groups, each on so many nodes.
    public ReplicationSettings with(int otherGroups, int otherFactor) {
        return new ReplicationSettings(
                self,
                members,
                dataFolder,
                otherGroups,
                otherFactor,
                log,
                entryBytesMax,
                pendingBytesMax,
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                rates,
                tls);
    }

    /// How partitions are divided into groups.
    public GroupLayout layout() {
        return new GroupLayout(groups, replicationFactor > 0);
    }

    /// For one of the groups: all but group 0 have a folder of their own, and what may wait is shared out.
    public ReplicationSettings ofGroup(int group) {
        return new ReplicationSettings(
                self,
                members,
                group == 0 ? dataFolder : dataFolder.resolve("group-" + group),
                groups,
                replicationFactor,
                log,
                entryBytesMax,
                Math.max(entryBytesMax, pendingBytesMax / groups),
                snapshotBytes,
                snapshotInterval,
                freeBytesMin,
                idempotencyWindow,
                idempotencyKeysMax,
                requestTimeout,
                rates,
                tls);
    }

    /// One node by itself, its Raft port on loopback; 0 picks a free one.
    public static ReplicationSettings singleNode(Path dataFolder, int raftPort) {
        Member self = new Member("n1", "", "127.0.0.1:" + raftPort, "");
        return new ReplicationSettings(
                self,
                List.of(self),
                dataFolder,
                1,
                LogSettings.DEFAULT,
                4 << 20,
                64L << 20,
                256L << 20,
                Duration.ofSeconds(60),
                256L << 20,
                Duration.ofMinutes(10),
                1_000_000,
                Duration.ofSeconds(30));
    }
}
