package io.millrace.replication;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The cluster as one node sees it.
///
/// @param nodeId the node that looks
/// @param members by node id
/// @param draining node ids that shall not lead
/// @param groups by number
/// @param transfers replicas on their way, and changes that wait for them
public record ClusterView(
        String nodeId, List<Member> members, List<String> draining, List<Group> groups, List<Transfer> transfers) {
    public ClusterView {
        members = List.copyOf(members);
        draining = List.copyOf(draining);
        groups = List.copyOf(groups);
        transfers = List.copyOf(transfers);
    }

    /// @param role of this node: `leader`, `follower`, `candidate`, `listener`, `closed`, `rebuilding`
    /// @param leader node id
    /// @param elections leader changes that this node has seen since it started
    /// @param members node ids of those who vote, as this node knows
    /// @param followers only on the leader
    public record Group(
            int group,
            String role,
            long term,
            @Nullable String leader,
            long committedIndex,
            long appliedIndex,
            long elections,
            List<String> members,
            List<Follower> followers) {
        public Group {
            members = List.copyOf(members);
            followers = List.copyOf(followers);
        }
    }

    /// @param matchIndex last entry that is known to be durable there
    /// @param lag entries between it and the leader's last one
    /// @param silentMs since it was heard of last
    public record Follower(String nodeId, long matchIndex, long lag, long silentMs) {}

    /// @param what `add`, `replace`, `remove`, `rebuild`
    /// @param bytesTotal −1 while unknown
    public record Transfer(String nodeId, String what, String state, long bytesDone, long bytesTotal) {}
}
