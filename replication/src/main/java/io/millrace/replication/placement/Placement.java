package io.millrace.replication.placement;

import io.millrace.replication.GroupLayout;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// Which group a partition belongs to, which member should lead a group, and how a group's members become those
/// that are wanted.
public final class Placement {
    public static final int GROUPS_MAX = 16;

    private Placement() {}

    /// The group of a partition, for life. Partitions of a topic follow each other round the groups, and each
    /// topic begins one group further than the one made before it.
    ///
    public static int groupOf(long topicId, int partition, GroupLayout layout) {
        int first = layout.firstWithData();
        return first + (int) Math.floorMod(topicId + partition, (long) layout.count() - first);
    }

    /// Whether any partition of a topic belongs to a group.
    public static boolean holds(int group, long topicId, int partitions, GroupLayout layout) {
        int first = layout.firstWithData();
        return group >= first && Math.floorMod(group - first - topicId, (long) layout.count() - first) < partitions;
    }

    /// Who should lead each group: members in turn, those left out that shall not lead.
    ///
    /// @param members node ids
    /// @param draining node ids that shall not lead
    /// @return node ids by group; empty when nobody may lead
    public static List<String> leaders(Collection<String> members, Collection<String> draining, int groups) {
        List<String> eligible = members.stream()
                .filter(member -> !draining.contains(member))
                .sorted()
                .toList();
        List<String> leaders = new ArrayList<>();
        for (int group = 0; group < groups && !eligible.isEmpty(); group++) {
            leaders.add(eligible.get(group % eligible.size()));
        }
        return leaders;
    }

    /// The next configuration on the way to the one that is wanted, one member further: a new one comes, taking
    /// the place of the one of the same node if there is one; when all are there, one that is too many goes.
    ///
    /// @param current peer ids
    /// @param wanted peer ids
    /// @param nodeOf the node of a peer
    /// @return peer ids; empty when nothing is left to do, or nobody is wanted
    public static Optional<List<String>> next(
            Collection<String> current, Collection<String> wanted, UnaryOperator<String> nodeOf) {
        if (wanted.isEmpty()) {
            return Optional.empty();
        }
        for (String peer : wanted.stream().sorted().toList()) {
            if (!current.contains(peer)) {
                List<String> next = new ArrayList<>(current);
                next.removeIf(other -> nodeOf.apply(other).equals(nodeOf.apply(peer)) && !wanted.contains(other));
                next.add(peer);
                return Optional.of(next);
            }
        }
        for (String peer : current.stream().sorted().toList()) {
            if (!wanted.contains(peer)) {
                List<String> next = new ArrayList<>(current);
                next.remove(peer);
                return Optional.of(next);
            }
        }
        return Optional.empty();
    }
}
