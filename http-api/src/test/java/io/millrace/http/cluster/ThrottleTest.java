package io.millrace.http.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Seeds;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ThrottleTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void piecesOfAnySizeGoAtTheSpeedThatWasSet() {
        long seed = Seeds.first(20_261_121);
        SplittableRandom random = new SplittableRandom(seed);
        Throttle throttle = new Throttle(1_000_000);
        long now = System.nanoTime() + SECOND;
        long start = now;
        long bytes = 0;
        while (bytes < 20_000_000) {
            int piece = random.nextInt(1, 200_000);
            now = Math.max(now, throttle.reserve(piece, now));
            bytes += piece;
        }
        double seconds = (now - start) / (double) SECOND;
        assertThat(bytes / seconds).as("seed %d", seed).isBetween(990_000.0, 1_030_000.0);
    }

    @Test
    void aPauseSavesUpNoMoreThanATenthOfASecond() {
        Throttle throttle = new Throttle(1_000_000);
        long now = System.nanoTime() + 60 * SECOND;
        assertThat(throttle.reserve(100_000, now)).isLessThanOrEqualTo(now);
        assertThat(throttle.reserve(100_000, now)).isLessThanOrEqualTo(now);
        assertThat(throttle.reserve(1, now)).isEqualTo(now + SECOND / 10);
    }
}
