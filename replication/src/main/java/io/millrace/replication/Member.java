package io.millrace.replication;

/// A node as the cluster knows it.
///
/// @param nodeId its name
/// @param directoryId of its data folder; another folder is another voter
/// @param raftAddress `host:port` of its Raft server
/// @param httpAddress `http://host:port` or `https://host:port`
public record Member(String nodeId, String directoryId, String raftAddress, String httpAddress) {
    /// The name of its vote: `n1@3f2a9c1b`.
    public String peerId() {
        return nodeId + "@" + directoryId.substring(0, Math.min(8, directoryId.length()));
    }

    /// The node's name in a [#peerId].
    public static String nodeIdOf(String peerId) {
        int at = peerId.lastIndexOf('@');
        return at < 0 ? peerId : peerId.substring(0, at);
    }
}
