package io.millrace.replication.placement;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.replication.GroupLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PlacementTest {
    @Test
    void partitionsOfATopicAreSpreadEvenlyAndAllTopicsTogetherToo() {
        for (int groups = 1; groups <= Placement.GROUPS_MAX; groups++) {
            int[] all = new int[groups];
            for (long topic = 1; topic <= 100; topic++) {
                int[] counts = new int[groups];
                for (int partition = 0; partition < 24; partition++) {
                    int group = Placement.groupOf(topic, partition, new GroupLayout(groups, false));
                    counts[group]++;
                    all[group]++;
                }
                for (int count : counts) {
                    assertThat(count).isBetween(24 / groups, (24 + groups - 1) / groups);
                }
            }
            for (int count : all) {
                assertThat(count).as("%d groups", groups).isBetween(2400 / groups - 10, 2400 / groups + 10);
            }
        }
    }

    @Test
    void aGroupHoldsATopicExactlyWhenAPartitionOfItBelongsThere() {
        for (int groups = 1; groups <= Placement.GROUPS_MAX; groups++) {
            for (long topic = 1; topic <= 40; topic++) {
                for (int partitions : new int[] {1, 2, 3, 8, 40}) {
                    Set<Integer> holding = new HashSet<>();
                    for (int partition = 0; partition < partitions; partition++) {
                        holding.add(Placement.groupOf(topic, partition, new GroupLayout(groups, false)));
                    }
                    for (int group = 0; group < groups; group++) {
                        assertThat(Placement.holds(group, topic, partitions, new GroupLayout(groups, false)))
                                .as("group %d of %d, topic %d with %d partitions", group, groups, topic, partitions)
                                .isEqualTo(holding.contains(group));
                    }
                }
            }
        }
    }

    @Test
    void leadersAreSpreadOverThoseWhoMayLeadWhateverTheOrderOfMembers() {
        assertThat(Placement.leaders(List.of("n3", "n1", "n2"), List.of(), 4)).containsExactly("n1", "n2", "n3", "n1");
        assertThat(Placement.leaders(List.of("n1", "n2", "n3"), List.of("n1"), 3))
                .containsExactly("n2", "n3", "n2");
        assertThat(Placement.leaders(List.of("n1"), List.of("n1"), 3)).isEmpty();
        assertThat(Placement.leaders(List.of(), List.of(), 3)).isEmpty();
    }

    @Test
    void everyWayToOtherMembersGoesOneByOneAndEndsThere() {
        for (long seed = 0; seed < 500; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<String> current = peers(random);
            List<String> wanted = peers(random);
            int steps = 0;
            Optional<List<String>> next = Placement.next(current, wanted, PlacementTest::nodeOf);
            while (next.isPresent()) {
                Set<String> added = new TreeSet<>(next.get());
                added.removeAll(current);
                Set<String> removed = new TreeSet<>(current);
                removed.removeAll(next.get());
                assertThat(added.size() + removed.size()).as("seed %d", seed).isPositive();
                assertThat(added).as("seed %d", seed).hasSizeLessThanOrEqualTo(1);
                assertThat(removed).as("seed %d", seed).hasSizeLessThanOrEqualTo(1);
                if (!added.isEmpty() && !removed.isEmpty()) { // only a replacement by the same node
                    assertThat(nodeOf(added.iterator().next()))
                            .as("seed %d", seed)
                            .isEqualTo(nodeOf(removed.iterator().next()));
                }
                current = next.get();
                assertThat(++steps).as("seed %d", seed).isLessThan(20);
                next = Placement.next(current, wanted, PlacementTest::nodeOf);
            }
            assertThat(new TreeSet<>(current)).as("seed %d", seed).isEqualTo(new TreeSet<>(wanted));
        }
        assertThat(Placement.next(List.of("a@1"), List.of(), PlacementTest::nodeOf))
                .isEmpty();
    }

    private static String nodeOf(String peer) {
        return peer.substring(0, peer.indexOf('@'));
    }

    /// At least one; each node once, with one of two folders.
    private static List<String> peers(SplittableRandom random) {
        List<String> peers = new ArrayList<>();
        for (String node : List.of("a", "b", "c", "d", "e")) {
            if (random.nextBoolean()) {
                peers.add(node + "@" + random.nextInt(2));
            }
        }
        if (peers.isEmpty()) {
            peers.add("f@0");
        }
        return peers;
    }
}
