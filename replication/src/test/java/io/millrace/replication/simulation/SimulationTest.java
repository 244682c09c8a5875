package io.millrace.replication.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Some hundred schedules, and those that once found something. One seed alone: `-Dtest=SimulationTest
/// -Dmillrace.seed=7`.
class SimulationTest {
    @BeforeAll
    static void silence() {
        Quiet.on();
    }

    @AfterAll
    static void speak() {
        Quiet.off();
    }

    private static LongStream seeds() {
        Long only = Long.getLong("millrace.seed");
        return only != null ? LongStream.of(only) : LongStream.range(0, 300);
    }

    @Test
    void whateverHappensEveryAnswerHoldsAndAllReplicasAreEqual() {
        long entries = 0;
        long acknowledged = 0;
        for (long seed : seeds().toArray()) {
            Simulation.Summary summary = Simulation.runAndTell(seed, Parts.GOOD);
            entries += summary.entries();
            acknowledged += summary.acknowledged();
        }
        if (Long.getLong("millrace.seed") == null) { // otherwise nothing was tested
            assertThat(entries).isGreaterThan(6_000);
            assertThat(acknowledged).isGreaterThan(4_000);
        }
    }

    /// 5073: a deposed leader that has not noticed. 10005: a copy whose fsync failed. 14733: a copy of a partition
    /// of which everything was deleted. 25486: a deposed leader whose successor has lost power.
    @Test
    void whatWasFoundOnceStaysFixed() {
        for (long seed : new long[] {5_073, 10_005, 14_733, 25_486}) {
            Simulation.runAndTell(seed, Parts.GOOD);
        }
    }

    @Test
    void aSeedDoesTheSameAgain() {
        for (long seed = 1_000; seed < 1_020; seed++) {
            assertThat(Simulation.run(seed, Parts.GOOD))
                    .as("seed %d", seed)
                    .isEqualTo(Simulation.run(seed, Parts.GOOD));
        }
    }
}
