package io.millrace.replication;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/// Other nodes, as those see them who need their copies or their decisions. Implemented by whoever knows how nodes
/// talk.
public interface ReplicaPeers {
    /// Opens a copy on a member; what it returns reads over the network, and resumes by itself after a broken
    /// connection.
    ///
    /// @throws IOException the member cannot be reached or refuses
    ReplicaCopy open(Member member, int group) throws IOException;

    /// Hands a command to the node that leads its group, and its answer back ([ReplicatedLog#answer] there).
    ///
    /// @return completes exceptionally with [ReplicationException] when the command has certainly not arrived, with
    ///     [OutcomeUnknownException] when nobody knows
    default CompletableFuture<byte[]> ask(Member leader, int group, byte[] command) {
        return CompletableFuture.failedFuture(
                new ReplicationException("this node cannot hand commands to other nodes", null));
    }

    /// For a node without peers.
    ReplicaPeers NONE = (member, group) -> {
        throw new IOException("this node has no peers to copy from");
    };
}
