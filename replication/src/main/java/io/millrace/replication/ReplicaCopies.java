package io.millrace.replication;

import java.io.IOException;

/// The side of the leader: copies of this node's replica that others may fetch.
public interface ReplicaCopies {
    /// Makes a copy of everything applied so far and keeps its files until it is closed, or nobody has read
    /// from it for a minute. Takes as long as a snapshot.
    ///
    /// @param nodeId for whom, so that the leader can show how far it is; empty when that is not known
    /// @throws IOException the disk failed, or too many copies are open
    ReplicaCopy open(int group, String nodeId) throws IOException;

    /// The same for somebody unknown.
    default ReplicaCopy open(int group) throws IOException {
        return open(group, "");
    }

    /// @throws IOException there is no such copy, or no longer
    ReplicaCopy find(String copyId) throws IOException;
}
