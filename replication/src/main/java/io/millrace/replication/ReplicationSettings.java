package io.millrace.replication;

import io.millrace.log.LogSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// @param nodeId this node, one of `peers`
/// @param peers every node of the cluster; one for a single node
/// @param groups Raft groups, fixed when the cluster is created
/// @param entryBytesMax largest Raft entry
/// @param pendingBytesMax bytes that may wait for an entry before appends are refused as overloaded
/// @param snapshotBytes applied bytes after which a snapshot is taken
/// @param snapshotInterval time after which a snapshot is taken when anything changed
/// @param freeBytesMin free space below which appends are refused
/// @param idempotencyWindow how long a key is remembered, by record time
/// @param idempotencyKeysMax keys remembered in each partition
public record ReplicationSettings(
        String nodeId,
        List<Peer> peers,
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
    public ReplicationSettings {
        peers = List.copyOf(peers);
    }

    /// @param raftAddress `host:port` of its Raft server
    public record Peer(String id, String raftAddress) {}

    /// One node by itself, its Raft port on loopback; 0 picks a free one.
    public static ReplicationSettings singleNode(Path dataFolder, int raftPort) {
        return new ReplicationSettings(
                "n1",
                List.of(new Peer("n1", "127.0.0.1:" + raftPort)),
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
