package io.millrace.client;

import java.util.List;
import java.util.Optional;

/// A cluster, as the node that answered sees it.
///
/// @param node that answered
/// @param role of it: `leader`, `follower`, `candidate` …
/// @param leader node id; empty while nobody leads
/// @param appliedIndex last entry of the log that the node has applied
public record ClusterDescription(
        String node, String role, Optional<String> leader, long term, long appliedIndex, List<Member> members) {
    public ClusterDescription {
        members = List.copyOf(members);
    }

    /// @param http its address
    /// @param draining whether it shall not lead
    /// @param lag entries that it lacks; empty for the leader, and unless the leader was asked
    public record Member(String node, String http, boolean draining, Optional<Long> lag) {}
}
