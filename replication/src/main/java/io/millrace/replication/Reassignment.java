package io.millrace.replication;

import java.util.List;

/// A wish about which nodes hold which groups ([Cluster#reassign]).
public sealed interface Reassignment {
    /// One group on these nodes.
    ///
    /// @param nodes ids, as many as the group's replication factor says; the first one should lead
    record Place(int group, List<String> nodes) implements Reassignment {
        public Place {
            nodes = List.copyOf(nodes);
        }
    }

    /// So many replicas of every group, those included that had a number of their own.
    record Factor(int replicas) implements Reassignment {}

    /// So many replicas of one group, until [Factor] says otherwise.
    record FactorOf(int group, int replicas) implements Reassignment {}

    /// Replicas and leaders spread over all nodes as evenly as they can be.
    record Level() implements Reassignment {}
}
