package io.millrace.replication.placement;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Which nodes hold each group when not every node holds all of them. One move at a time: whoever asks carries
/// it out, waits until the group's members are what it says, and asks again.
///
/// The order of a group's nodes is the order in which they should lead it.
///
/// @param nodes that may hold groups, by name
/// @param avoided those of them that get no more than they have: they are drained
/// @param factors replicas of each group; fewer where there are fewer nodes
/// @param held nodes by group; a group that is missing has never been placed
public record Replicas(
        List<String> nodes, Collection<String> avoided, Factors factors, Map<Integer, List<String>> held) {
    /// How many replicas each group is to have.
    ///
    /// @param usual of groups that have no number of their own, at least 1
    /// @param own by group, at least 1
    public record Factors(int usual, Map<Integer, Integer> own) {
        public Factors {
            own = Map.copyOf(own);
        }

        /// The same for all.
        public static Factors all(int factor) {
            return new Factors(factor, Map.of());
        }

        public int of(int group) {
            return own.getOrDefault(group, usual);
        }
    }

    /// What to change next.
    ///
    /// @param nodes of the group from now on, never empty
    /// @param urgent whether the group cannot become what it was to be, because a node is gone
    /// @param reason for people
    public record Move(int group, List<String> nodes, boolean urgent, String reason) {
        public Move {
            nodes = List.copyOf(nodes);
        }
    }

    public Replicas {
        nodes = nodes.stream().sorted().toList();
        avoided = List.copyOf(avoided);
        held = new TreeMap<>(held);
    }

    /// What has to be done, most urgent first, at most one move for each group: groups that have no place, that
    /// lie on nodes which are gone or go, that have too few or too many replicas. Only one of them may be
    /// carried out before the others are looked at anew.
    ///
    /// @param groups numbers of all groups that are placed
    public List<Move> due(Collection<Integer> groups) {
        List<Move> due = new ArrayList<>();
        if (nodes.isEmpty()) {
            return due;
        }
        for (int group : groups) {
            if (!held.containsKey(group)) {
                List<String> first = new ArrayList<>();
                while (first.size() < Math.min(factors.of(group), nodes.size())) {
                    first.add(leastLoaded(first, first.isEmpty()).orElseThrow());
                }
                due.add(new Move(group, first, false, "placed for the first time"));
            }
        }
        for (int group : groups) {
            List<String> now = held(group);
            now.stream()
                    .filter(node -> !nodes.contains(node))
                    .findFirst()
                    .ifPresent(gone ->
                            due.add(new Move(group, replaced(now, gone), true, "node " + gone + " is gone or goes")));
        }
        for (int group : groups) {
            List<String> now = held(group);
            Optional<String> more = nodes.containsAll(now) && !now.isEmpty() && now.size() < factors.of(group)
                    ? leastLoaded(now, false)
                    : Optional.empty();
            if (more.isPresent()) {
                List<String> next = new ArrayList<>(now);
                next.add(more.get());
                due.add(new Move(group, next, false, "it has too few replicas"));
            }
        }
        for (int group : groups) {
            List<String> now = held(group);
            if (nodes.containsAll(now) && now.size() > factors.of(group)) {
                List<String> next = new ArrayList<>(now);
                next.remove(mostLoaded(now));
                due.add(new Move(group, next, false, "it has too many replicas"));
            }
        }
        return due;
    }

    /// What makes the nodes more equal: first in replicas, then in the groups that they should lead. Empty when
    /// no node has two more than another one.
    public Optional<Move> levelling() {
        List<String> able =
                nodes.stream().filter(node -> !avoided.contains(node)).toList();
        if (able.isEmpty()) {
            return Optional.empty();
        }
        String full = able.stream().max(Comparator.comparingInt(this::load)).orElseThrow();
        String free = able.stream().min(Comparator.comparingInt(this::load)).orElseThrow();
        if (load(full) - load(free) >= 2) {
            for (Map.Entry<Integer, List<String>> group : held.entrySet()) {
                if (group.getValue().contains(full) && !group.getValue().contains(free)) {
                    List<String> next = new ArrayList<>(group.getValue());
                    next.set(next.indexOf(full), free);
                    return Optional.of(
                            new Move(group.getKey(), next, false, "node %s has more than %s".formatted(full, free)));
                }
            }
        }
        String busy = able.stream().max(Comparator.comparingInt(this::led)).orElseThrow();
        for (String idle :
                able.stream().sorted(Comparator.comparingInt(this::led)).toList()) {
            for (Map.Entry<Integer, List<String>> group : held.entrySet()) {
                List<String> now = group.getValue();
                if (led(busy) - led(idle) >= 2 && now.getFirst().equals(busy) && now.contains(idle)) {
                    List<String> next = new ArrayList<>(now);
                    next.remove(idle);
                    next.addFirst(idle);
                    return Optional.of(
                            new Move(group.getKey(), next, false, "node %s leads more than %s".formatted(busy, idle)));
                }
            }
        }
        return Optional.empty();
    }

    /// Whether a move may begin while others go on. A group that moves is left alone until it has arrived,
    /// unless it cannot arrive.
    ///
    /// @param moving groups whose members are not yet what they are to be
    /// @param transfersMax how many may move at the same time
    public boolean mayBegin(Move move, Collection<Integer> moving, int transfersMax) {
        if (!held.containsKey(move.group())) {
            return true; // its data have still to come
        }
        return moving.contains(move.group()) ? move.urgent() : moving.size() < transfersMax;
    }

    private List<String> held(int group) {
        return held.getOrDefault(group, List.of());
    }

    /// Groups that a node holds.
    private int load(String node) {
        return (int)
                held.values().stream().filter(group -> group.contains(node)).count();
    }

    /// Groups that a node should lead.
    private int led(String node) {
        return (int) held.values().stream()
                .filter(group -> group.getFirst().equals(node))
                .count();
    }

    /// A drained node only when there is no other one.
    private Optional<String> leastLoaded(Collection<String> except, boolean toLead) {
        return nodes.stream()
                .filter(node -> !except.contains(node))
                .min(Comparator.<String>comparingInt(node -> avoided.contains(node) ? 1 : 0)
                        .thenComparingInt(toLead ? this::led : this::load)
                        .thenComparingInt(this::load)
                        .thenComparing(Comparator.naturalOrder()));
    }

    /// A drained node first.
    private String mostLoaded(List<String> among) {
        return among.stream()
                .max(Comparator.<String>comparingInt(node -> avoided.contains(node) ? 1 : 0)
                        .thenComparingInt(this::load)
                        .thenComparing(Comparator.naturalOrder()))
                .orElseThrow();
    }

    /// The place of a node that goes is taken, or is left out when nobody can take it; the last node stays.
    private List<String> replaced(List<String> now, String gone) {
        List<String> next = new ArrayList<>(now);
        Optional<String> other = leastLoaded(now, now.getFirst().equals(gone));
        if (other.isPresent()) {
            next.set(next.indexOf(gone), other.get());
        } else {
            next.remove(gone);
        }
        return next;
    }
}
