package io.millrace.replication;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Who the nodes are, who leads, and how that changes.
///
/// Changes are made by the leader of group 0, one at a time; futures complete with a [MembershipOutcome] when
/// the change is decided, which may take as long as copying a replica. [ClusterView#transfers] shows how far it
/// is.
public interface Cluster {
    /// This node, with the addresses it really has.
    Member self();

    /// What this node knows now.
    ClusterView view();

    /// Adds a node, or replaces the one of the same name that has another folder. The same again is fine.
    CompletableFuture<MembershipOutcome> add(Member member);

    CompletableFuture<MembershipOutcome> remove(String nodeId);

    /// Moves leadership away from a node and keeps it from getting it back; `false` ends that.
    CompletableFuture<MembershipOutcome> drain(String nodeId, boolean draining);

    /// Hands leadership of a group over.
    ///
    /// @param nodeId the new leader; empty for any that has caught up
    CompletableFuture<MembershipOutcome> transferLeadership(int group, Optional<String> nodeId);

    /// Changes which nodes hold which groups. Completes when that is done, which may take as long as copying
    /// them; it goes on when nobody waits.
    default CompletableFuture<MembershipOutcome> reassign(Reassignment wish) {
        return CompletableFuture.completedFuture(
                new MembershipOutcome.Refused(
                        "every node holds every partition, so there is nothing to reassign; a cluster that was made with raft.replication-factor can do it"));
    }

    /// Completes when this node has applied everything that was acknowledged, by any node, before the call.
    /// Exceptionally when no majority answers in time: then nothing is known.
    CompletableFuture<Void> barrier(int group);

    /// The same for all groups.
    default CompletableFuture<Void> barriers() {
        return barrier(0);
    }

    /// Called after a leader changed or membership did, on a thread that must not be blocked. Close to stop.
    AutoCloseable onChange(Runnable listener);
}
