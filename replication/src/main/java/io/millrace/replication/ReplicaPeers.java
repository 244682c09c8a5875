package io.millrace.replication;

import java.io.IOException;

/// The side of the follower: opens copies on other nodes. Implemented by whoever knows how nodes talk.
public interface ReplicaPeers {
    /// Opens a copy on a member; what it returns reads over the network, and resumes by itself after a broken
    /// connection.
    ///
    /// @throws IOException the member cannot be reached or refuses
    ReplicaCopy open(Member member, int group) throws IOException;

    /// For a node without peers.
    ReplicaPeers NONE = (member, group) -> {
        throw new IOException("this node has no peers to copy from");
    };
}
