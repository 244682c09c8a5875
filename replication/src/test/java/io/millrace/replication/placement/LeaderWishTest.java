package io.millrace.replication.placement;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LeaderWishTest {
    private final LeaderWish wish = new LeaderWish(LeaderWish.FIT_NANOS);
    private long now;

    /// One call a second; the second at which the lead is handed over, −1 for never.
    private long handsOverWithin(long seconds, String leader, boolean fit) {
        for (long second = 0; second < seconds; second++) {
            now += TimeUnit.SECONDS.toNanos(1);
            if (wish.isDue(now, leader, "n1", "n2", fit)) {
                return second;
            }
        }
        return -1;
    }

    @Test
    void theLeadGoesToAMemberThatHasBeenFitForAWhile() {
        assertThat(handsOverWithin(60, "n1", false)).isEqualTo(-1);
        assertThat(handsOverWithin(10, "n1", true)).isEqualTo(-1);
        assertThat(handsOverWithin(1, "n1", false)).isEqualTo(-1); // and begins again after a break
        assertThat(handsOverWithin(60, "n1", true)).isEqualTo(15);
    }

    @Test
    void aMemberThatGaveTheLeadAwayWhileItWasAliveGetsItBackLate() {
        assertThat(handsOverWithin(5, "n2", true)).isEqualTo(-1);
        assertThat(handsOverWithin(1_000, "n1", true)).isBetween(299L, 301L);
    }

    @Test
    void aMemberThatWasDownGetsItBackSoonAfterItIsUpAgain() {
        assertThat(handsOverWithin(5, "n2", true)).isEqualTo(-1);
        assertThat(handsOverWithin(3, "n1", false)).isEqualTo(-1);
        assertThat(handsOverWithin(60, "n1", true)).isEqualTo(15);
    }

    @Test
    void anAttemptThatCameToNothingIsNotRepeatedForAWhile() {
        assertThat(handsOverWithin(60, "n1", true)).isEqualTo(15);
        assertThat(handsOverWithin(290, "n1", true)).isEqualTo(-1);
        assertThat(handsOverWithin(20, "n1", true)).isNotEqualTo(-1);
    }

    @Test
    void whoShouldLeadKeepsTheLeadAndWhoDoesNotLeadHandsNothingOver() {
        for (int second = 0; second < 1_000; second++) {
            now += TimeUnit.SECONDS.toNanos(1);
            assertThat(wish.isDue(now, "n1", "n1", "n1", true)).isFalse();
            assertThat(wish.isDue(now, "n2", "n3", "n1", true)).isFalse();
            assertThat(wish.isDue(now, null, "n1", "n2", true)).isFalse();
        }
    }
}
