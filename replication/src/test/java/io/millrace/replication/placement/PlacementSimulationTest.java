package io.millrace.replication.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Placing groups while nodes come, go, are drained and stand still, in a model of the cluster that knows the
/// pure functions only: what the leader of group 0 decides by what it has heard last, and what the leaders of
/// the groups make of it, one member at a time. A leader that crashes loses nothing, because all of this is in
/// documents.
class PlacementSimulationTest {
    private static final int STEPS = 200;

    @Test
    void everyGroupEndsWhereItShouldBe() {
        long first = Long.getLong("millrace.seed", 0);
        for (long seed = first; seed < first + 300; seed++) {
            new Model(seed).run();
        }
    }

    /// `./mvnw -Pcampaign … -Dtest=PlacementSimulationTest -Dmillrace.seeds=100000 -Dmillrace.firstSeed=0`
    @Test
    @Tag("campaign")
    void noneOfVeryManyHistoriesEndsElsewhere() {
        long first = Long.getLong("millrace.firstSeed", 0);
        long count = Long.getLong("millrace.seeds", 100_000);
        long moves = 0;
        for (long seed = first; seed < first + count; seed++) {
            moves += new Model(seed).run();
        }
        System.out.printf("placement: %d seeds from %d on, %d changes of members%n", count, first, moves);
    }

    private static final class Model {
        final long seed;
        final SplittableRandom random;
        final int groups;
        final int transfersMax;
        int usual;
        final TreeMap<Integer, Integer> own = new TreeMap<>();
        final TreeSet<String> nodes = new TreeSet<>();
        final TreeSet<String> leaving = new TreeSet<>();
        final TreeSet<String> draining = new TreeSet<>();
        final TreeSet<String> standing = new TreeSet<>(); // they answer nobody for a while
        final TreeMap<Integer, List<String>> documents = new TreeMap<>();
        final TreeMap<Integer, List<String>> members = new TreeMap<>();
        final Map<Integer, List<String>> heard = new HashMap<>();
        boolean level;
        int given; // names of nodes are never used again
        long changes;
        final List<String> history = new ArrayList<>();

        Model(long seed) {
            this.seed = seed;
            this.random = new SplittableRandom(seed);
            this.groups = 1 + random.nextInt(8);
            this.transfersMax = 1 + random.nextInt(2);
            this.usual = 1 + random.nextInt(4);
            int founders = 1 + random.nextInt(5);
            for (int i = 0; i < founders; i++) {
                nodes.add("n" + ++given);
            }
            for (int group = 1; group <= groups; group++) {
                members.put(group, List.copyOf(nodes)); // a group begins on all that made the cluster
            }
        }

        long run() {
            try {
                for (int step = 0; step < STEPS; step++) {
                    event();
                }
                settle();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(
                        "seed %d: %s%n%s".formatted(seed, e.getMessage(), String.join("\n", history)), e);
            }
            return changes;
        }

        private void event() {
            switch (random.nextInt(17)) {
                case 0 -> {
                    if (nodes.size() < 7) {
                        nodes.add("n" + ++given);
                        history.add("joined: n" + given);
                    }
                }
                case 1 ->
                    any(nodes).filter(node -> nodes.size() - leaving.size() > 1).ifPresent(node -> {
                        leaving.add(node);
                        history.add("goes: " + node);
                    });
                case 2 ->
                    any(nodes).ifPresent(node -> {
                        if (!draining.remove(node)) {
                            draining.add(node);
                        }
                    });
                case 3 ->
                    any(nodes).ifPresent(node -> {
                        if (!standing.remove(node)) {
                            standing.add(node);
                        }
                    });
                case 4 -> {
                    usual = 1 + random.nextInt(4);
                    own.clear();
                    history.add("factor: " + usual);
                }
                case 5 -> level = true;
                case 6, 7, 8 -> place();
                case 11 -> {
                    own.put(1 + random.nextInt(groups), 1 + random.nextInt(4));
                    history.add("factors: " + own);
                }
                case 9, 10 -> hear(1 + random.nextInt(groups));
                default -> follow(1 + random.nextInt(groups));
            }
            finishLeaving();
        }

        private Optional<String> any(TreeSet<String> of) {
            return of.stream()
                    .skip(of.isEmpty() ? 0 : random.nextInt(of.size()))
                    .findFirst();
        }

        private Replicas replicas() {
            List<String> able =
                    nodes.stream().filter(node -> !leaving.contains(node)).toList();
            return new Replicas(able, draining, factors(), documents);
        }

        private Replicas.Factors factors() {
            return new Replicas.Factors(usual, own);
        }

        private void hear(int group) {
            heard.put(group, List.copyOf(members(group)));
        }

        private List<String> members(int group) {
            return members.getOrDefault(group, List.of());
        }

        private List<Integer> moving(Map<Integer, List<String>> known) {
            return documents.keySet().stream()
                    .filter(group -> !new HashSet<>(documents.getOrDefault(group, List.of()))
                            .equals(new HashSet<>(known.getOrDefault(group, List.of()))))
                    .toList();
        }

        /// A round of the leader of group 0.
        private void place() {
            Replicas replicas = replicas();
            List<Replicas.Move> due = replicas.due(List.copyOf(members.keySet()));
            boolean levels = due.isEmpty() && level;
            List<Replicas.Move> moves = levels ? replicas.levelling().stream().toList() : due;
            level &= !(levels && moves.isEmpty() && moving(heard).isEmpty());
            for (Replicas.Move move : moves) {
                if (replicas.mayBegin(move, moving(heard), transfersMax)) {
                    documents.put(move.group(), move.nodes());
                    history.add("placed: " + move);
                    return;
                }
            }
        }

        /// A step of a group's leader; it does not come off when the new member stands still.
        private void follow(int group) {
            List<String> wanted = documents.containsKey(group)
                    ? documents.getOrDefault(group, List.of()).stream()
                            .filter(nodes::contains)
                            .toList()
                    : nodes.stream().filter(node -> !leaving.contains(node)).toList();
            List<String> now = members(group);
            Optional<List<String>> next = Placement.next(now, wanted, node -> node);
            if (next.isEmpty()) {
                return;
            }
            List<String> come = new ArrayList<>(next.get());
            come.removeAll(now);
            List<String> gone = new ArrayList<>(now);
            gone.removeAll(next.get());
            assertThat(come.size() + gone.size()).as("%s to %s", now, next).isEqualTo(1);
            if (!gone.isEmpty()) {
                assertThat(next.get()).as("none goes before all have come").containsAll(wanted);
                assertThat(next.get()).isNotEmpty();
            }
            if (come.stream().anyMatch(standing::contains)) {
                return;
            }
            members.put(group, next.get());
            changes++;
            history.add("group %d: %s to %s".formatted(group, now, next.get()));
        }

        /// Group 0 lets go of a node when nobody else holds on to it.
        private void finishLeaving() {
            for (String node : List.copyOf(leaving)) {
                if (members.values().stream().noneMatch(on -> on.contains(node))) {
                    leaving.remove(node);
                    nodes.remove(node);
                    draining.remove(node);
                    standing.remove(node);
                    history.add("gone: " + node);
                }
            }
        }

        /// Nothing happens any more but what has to.
        private void settle() {
            standing.clear();
            String before = "";
            for (int round = 0; round < 300; round++) {
                String now = "%s %s %s %s %s".formatted(documents, members, heard, leaving, level);
                if (now.equals(before)) {
                    break;
                }
                before = now;
                place();
                for (int group = 1; group <= groups; group++) {
                    follow(group);
                    hear(group);
                }
                finishLeaving();
            }
            assertThat(leaving).isEmpty();
            assertThat(level).isFalse();
            for (int group = 1; group <= groups; group++) {
                assertThat(members(group))
                        .as("group %d of %s", group, documents)
                        .containsExactlyInAnyOrderElementsOf(documents.getOrDefault(group, List.of()))
                        .hasSize(Math.min(factors().of(group), nodes.size()));
                assertThat(nodes).containsAll(members(group));
            }
        }
    }
}
