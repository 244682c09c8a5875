package io.millrace.replication.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReplicasTest {
    private static final long SEED = Long.getLong("millrace.seed", 20261121);

    @Test
    void groupsAreSpreadEvenlyWhenTheyArePlacedForTheFirstTime() {
        Map<Integer, List<String>> held =
                settle(List.of("n1", "n2", "n3", "n4"), List.of(), Replicas.Factors.all(2), Map.of(), groups(4));
        assertThat(held)
                .isEqualTo(Map.of(
                        1, List.of("n1", "n2"),
                        2, List.of("n3", "n4"),
                        3, List.of("n2", "n1"),
                        4, List.of("n4", "n3")));
    }

    @Test
    void aNodeThatGoesIsReplacedInItsPlaceAndNothingElseMoves() {
        Map<Integer, List<String>> before =
                Map.of(1, List.of("n1", "n2"), 2, List.of("n3", "n4"), 3, List.of("n4", "n1"));
        assertThat(settle(List.of("n1", "n2", "n3"), List.of(), Replicas.Factors.all(2), before, groups(3)))
                .isEqualTo(Map.of(1, List.of("n1", "n2"), 2, List.of("n3", "n2"), 3, List.of("n2", "n1")));
        // nobody can take its place
        assertThat(settle(
                        List.of("n1", "n2"),
                        List.of(),
                        Replicas.Factors.all(2),
                        Map.of(1, List.of("n3", "n1")),
                        groups(1)))
                .isEqualTo(Map.of(1, List.of("n2", "n1")));
        assertThat(settle(List.of("n1"), List.of(), Replicas.Factors.all(2), Map.of(1, List.of("n3", "n1")), groups(1)))
                .isEqualTo(Map.of(1, List.of("n1")));
        assertThat(settle(List.of("n9"), List.of(), Replicas.Factors.all(2), Map.of(1, List.of("n3", "n1")), groups(1)))
                .isEqualTo(Map.of(1, List.of("n9")));
    }

    @Test
    void aDrainedNodeGetsNothingNewAndKeepsWhatItHas() {
        assertThat(settle(List.of("n1", "n2", "n3"), List.of("n1"), Replicas.Factors.all(2), Map.of(), groups(1)))
                .isEqualTo(Map.of(1, List.of("n2", "n3")));
        Map<Integer, List<String>> held = Map.of(1, List.of("n1", "n2"));
        assertThat(settle(List.of("n1", "n2", "n3"), List.of("n1"), Replicas.Factors.all(2), held, groups(1)))
                .isEqualTo(held);
        // it is the first to lose one, and the last to get one
        assertThat(settle(List.of("n1", "n2", "n3"), List.of("n1"), Replicas.Factors.all(1), held, groups(1)))
                .isEqualTo(Map.of(1, List.of("n2")));
        assertThat(settle(
                        List.of("n1", "n2"),
                        List.of("n1"),
                        Replicas.Factors.all(2),
                        Map.of(1, List.of("n2")),
                        groups(1)))
                .isEqualTo(Map.of(1, List.of("n2", "n1")));
    }

    @Test
    void nobodyHoldsAnythingWhileThereAreNoNodes() {
        assertThat(new Replicas(List.of(), List.of(), Replicas.Factors.all(2), Map.of(1, List.of("n1"))).due(groups(1)))
                .isEmpty();
        assertThat(new Replicas(List.of(), List.of(), Replicas.Factors.all(2), Map.of(1, List.of("n1"))).levelling())
                .isEmpty();
    }

    /// Whatever happens to nodes and factor: a few moves later every group has as many replicas as it can have,
    /// on nodes that there are; each move changes one replica of one group; and after levelling loads differ by
    /// one at most.
    @Test
    void everyHistoryEndsWithEveryGroupWhereItCanBe() {
        for (long seed = SEED; seed < SEED + 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Integer> groups = groups(1 + random.nextInt(15));
            Set<String> nodes = new TreeSet<>(List.of("n1"));
            int usual = 1 + random.nextInt(4);
            Map<Integer, Integer> own = new TreeMap<>();
            Map<Integer, List<String>> held = Map.of();
            for (int step = 0; step < 12; step++) {
                String node = "n" + (1 + random.nextInt(7));
                switch (random.nextInt(6)) {
                    case 0 -> {
                        if (nodes.size() > 1) {
                            nodes.remove(node);
                        }
                    }
                    case 1 -> {
                        usual = 1 + random.nextInt(4);
                        own.clear();
                    }
                    case 2 -> own.put(1 + random.nextInt(groups.size()), 1 + random.nextInt(4));
                    default -> nodes.add(node);
                }
                List<String> drained =
                        nodes.stream().filter(ignored -> random.nextInt(6) == 0).toList();
                Replicas.Factors factors = new Replicas.Factors(usual, own);
                held = settle(List.copyOf(nodes), drained, factors, held, groups);
                String what = "seed %d, step %d: %s".formatted(seed, step, held);
                for (int group : groups) {
                    assertThat(held.get(group)).as(what).hasSize(Math.min(factors.of(group), nodes.size()));
                    assertThat(nodes).as(what).containsAll(held.get(group));
                    assertThat(new HashSet<>(held.get(group))).as(what).hasSameSizeAs(held.get(group));
                }
            }
            level(seed, List.copyOf(nodes), held);
        }
    }

    private static void level(long seed, List<String> nodes, Map<Integer, List<String>> placed) {
        Map<Integer, List<String>> held = new TreeMap<>(placed);
        int moves = 0;
        for (Optional<Replicas.Move> move = new Replicas(nodes, List.of(), Replicas.Factors.all(1), held).levelling();
                move.isPresent();
                move = new Replicas(nodes, List.of(), Replicas.Factors.all(1), held).levelling()) {
            held.put(move.get().group(), move.get().nodes());
            assertThat(++moves).as("seed %d: %s does not end", seed, held).isLessThan(500);
        }
        List<Long> loads = nodes.stream()
                .map(node ->
                        held.values().stream().filter(on -> on.contains(node)).count())
                .sorted()
                .toList();
        assertThat(loads.getLast() - loads.getFirst())
                .as("seed %d: %s", seed, held)
                .isLessThan(2);
    }

    private static List<Integer> groups(int count) {
        return IntStream.rangeClosed(1, count).boxed().toList();
    }

    /// Carries out what is due until nothing is.
    private static Map<Integer, List<String>> settle(
            List<String> nodes,
            List<String> drained,
            Replicas.Factors factors,
            Map<Integer, List<String>> from,
            List<Integer> groups) {
        Map<Integer, List<String>> held = new TreeMap<>(from);
        for (int moves = 0; ; moves++) {
            Optional<Replicas.Move> move = new Replicas(nodes, drained, factors, held)
                    .due(groups).stream().findFirst();
            if (move.isEmpty()) {
                return held;
            }
            List<String> before = held.getOrDefault(move.get().group(), List.of());
            List<String> next = move.get().nodes();
            if (!before.isEmpty()) {
                List<String> come = new ArrayList<>(next);
                come.removeAll(before);
                List<String> gone = new ArrayList<>(before);
                gone.removeAll(next);
                assertThat(come.size()).as("%s to %s", before, next).isLessThanOrEqualTo(1);
                assertThat(gone.size()).as("%s to %s", before, next).isLessThanOrEqualTo(1);
                assertThat(come.size() + gone.size())
                        .as("%s to %s", before, next)
                        .isPositive();
            }
            held.put(move.get().group(), next);
            assertThat(moves).as("%s does not end", held).isLessThan(500);
        }
    }
}
