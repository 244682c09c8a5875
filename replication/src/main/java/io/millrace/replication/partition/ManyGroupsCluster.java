package io.millrace.replication.partition;

import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.Reassignment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Members as group 0 has them, leaders of all groups.
///
/// Threading: any.
final class ManyGroupsCluster implements Cluster {
    private final List<GroupLog> groups;
    private final Map<Integer, DistantGroup> distants;
    private final @Nullable Placer placer;
    private final Cluster first;

    /// @param distants by number; empty when every node holds every group
    /// @param placer null then
    ManyGroupsCluster(List<GroupLog> groups, Map<Integer, DistantGroup> distants, @Nullable Placer placer) {
        this.groups = groups;
        this.distants = distants;
        this.placer = placer;
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
            DistantGroup distant = distants.get(group.number);
            if (distant == null || distant.isHere()) {
                views.addAll(view.groups());
            } else {
                views.add(elsewhere(group.number, distant));
            }
            for (ClusterView.Transfer transfer : view.transfers()) {
                String what = group.number == 0 ? transfer.what() : transfer.what() + " (group " + group.number + ")";
                transfers.add(new ClusterView.Transfer(
                        transfer.nodeId(), what, transfer.state(), transfer.bytesDone(), transfer.bytesTotal()));
            }
        }
        if (placer != null) {
            transfers.addAll(placer.transfers());
        }
        return new ClusterView(zero.nodeId(), zero.members(), zero.draining(), views, transfers);
    }

    private ClusterView.Group elsewhere(int number, DistantGroup distant) {
        GroupReport report = distant.known();
        return new ClusterView.Group(
                number,
                "elsewhere",
                report == null ? 0 : report.term(),
                distant.leader().orElse(null),
                report == null ? -1 : report.committedIndex(),
                report == null ? -1 : report.appliedIndex(),
                0,
                nodesOf(number),
                List.of());
    }

    /// Node ids of a group's members, sorted.
    List<String> nodesOf(int number) {
        DistantGroup distant = distants.get(number);
        GroupLog log = groups.get(number);
        return (distant == null ? log.consensus.group().current() : Placer.members(log, distant))
                .stream().map(peer -> Member.nodeIdOf(peer.peerId())).sorted().toList();
    }

    @Override
    public CompletableFuture<MembershipOutcome> reassign(Reassignment wish) {
        return placer == null ? first.reassign(wish) : placer.reassign(wish);
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
        Cluster asked = group(group);
        DistantGroup distant = distants.get(group);
        return distant == null || distant.isHere()
                ? asked.transferLeadership(group, nodeId)
                : CompletableFuture.completedFuture(
                        new MembershipOutcome.NotLeader(distant.leader().orElse(null)));
    }

    @Override
    public CompletableFuture<Void> barrier(int group) {
        Cluster asked = group(group);
        DistantGroup distant = distants.get(group);
        return distant == null ? asked.barrier(group) : barrier(group, asked, distant);
    }

    /// A group that came or went while somebody waited is waited for again, on the other side.
    private static CompletableFuture<Void> barrier(int group, Cluster asked, DistantGroup distant) {
        boolean here = distant.isHere();
        return (here ? asked.barrier(group) : distant.barrier())
                .thenCompose(done -> distant.isStill(here)
                        ? CompletableFuture.completedFuture(done)
                        : barrier(group, asked, distant));
    }

    /// Of all groups.
    @Override
    public CompletableFuture<Void> barriers() {
        return CompletableFuture.allOf(
                groups.stream().map(group -> barrier(group.number)).toArray(CompletableFuture<?>[]::new));
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
