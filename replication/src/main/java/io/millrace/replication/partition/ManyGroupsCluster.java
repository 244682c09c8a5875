package io.millrace.replication.partition;

import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Members as group 0 has them, leaders of all groups.
///
/// Threading: any.
final class ManyGroupsCluster implements Cluster {
    private final List<GroupLog> groups;
    private final Cluster first;

    ManyGroupsCluster(List<GroupLog> groups) {
        this.groups = groups;
        this.first = groups.getFirst().cluster();
    }

    @Override
    public Member self() {
        return first.self();
    }

    @Override
    public ClusterView view() {
        ClusterView zero = first.view();
        List<ClusterView.Group> views = new ArrayList<>();
        List<ClusterView.Transfer> transfers = new ArrayList<>();
        for (GroupLog group : groups) {
            ClusterView view = group.number == 0 ? zero : group.cluster().view();
            views.addAll(view.groups());
            for (ClusterView.Transfer transfer : view.transfers()) {
                String what = group.number == 0 ? transfer.what() : transfer.what() + " (group " + group.number + ")";
                transfers.add(new ClusterView.Transfer(
                        transfer.nodeId(), what, transfer.state(), transfer.bytesDone(), transfer.bytesTotal()));
            }
        }
        return new ClusterView(zero.nodeId(), zero.members(), zero.draining(), views, transfers);
    }

    @Override
    public CompletableFuture<MembershipOutcome> add(Member member) {
        return first.add(member);
    }

    @Override
    public CompletableFuture<MembershipOutcome> remove(String nodeId) {
        return first.remove(nodeId);
    }

    @Override
    public CompletableFuture<MembershipOutcome> drain(String nodeId, boolean draining) {
        return first.drain(nodeId, draining);
    }

    @Override
    public CompletableFuture<MembershipOutcome> transferLeadership(int group, Optional<String> nodeId) {
        return group(group).transferLeadership(group, nodeId);
    }

    @Override
    public CompletableFuture<Void> barrier(int group) {
        return group(group).barrier(group);
    }

    /// Of all groups.
    @Override
    public CompletableFuture<Void> barriers() {
        return CompletableFuture.allOf(groups.stream()
                .map(group -> group.cluster().barrier(group.number))
                .toArray(CompletableFuture<?>[]::new));
    }

    private Cluster group(int group) {
        if (group < 0 || group >= groups.size()) {
            throw new IllegalArgumentException("there are groups 0 to %d, not %d".formatted(groups.size() - 1, group));
        }
        return groups.get(group).cluster();
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        List<AutoCloseable> listening =
                groups.stream().map(group -> group.cluster().onChange(listener)).toList();
        return () -> {
            for (AutoCloseable one : listening) {
                one.close();
            }
        };
    }
}
