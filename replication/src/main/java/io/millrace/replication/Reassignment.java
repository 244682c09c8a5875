package io.millrace.replication;

import java.util.List;

/// A wish about which nodes hold which groups ([Cluster#reassign]).
public sealed interface Reassignment {
    /// One group on these nodes.
    ///
    /// @param nodes ids, as many as the replication factor says; the first one should lead
    record Place(int group, List<String> nodes) implements Reassignment {
        public Place {
            nodes = List.copyOf(nodes);
        }
    }

    /// So many replicas of every group.
    record Factor(int replicas) implements Reassignment {}

    /// Replicas and leaders spread over all nodes as evenly as they can be.
    record Level() implements Reassignment {}
}
