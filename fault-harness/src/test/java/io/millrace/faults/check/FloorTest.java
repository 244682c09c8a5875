package io.millrace.faults.check;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FloorTest {
    private record Fact(long atNs, long value) {}

    @Test
    void itKnowsTheLargestNumberOfAllFactsBeforeATime() {
        long seed = 20261121;
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < 200; round++) {
            Floor floor = new Floor();
            List<Fact> facts = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                Fact fact = new Fact(random.nextLong(50), random.nextLong(20));
                facts.add(fact);
                floor.raise(fact.atNs(), fact.value());
            }
            for (long time = 0; time <= 51; time++) {
                long before = time;
                long expected = facts.stream()
                        .filter(fact -> fact.atNs() < before)
                        .mapToLong(Fact::value)
                        .max()
                        .orElse(Long.MIN_VALUE);
                assertThat(floor.before(time))
                        .as("seed %d, time %d", seed, time)
                        .isEqualTo(expected);
            }
        }
    }
}
