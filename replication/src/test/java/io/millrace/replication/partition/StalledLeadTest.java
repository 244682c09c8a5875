package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/// A leader that gets nothing done, and some that only look like it.
class StalledLeadTest {
    private static final long TICK_MS = 100;
    private static final long PATIENCE_MS = StalledLead.PATIENCE_MS;

    /// Asked every tick, within 40 s.
    ///
    /// @return when the lead was found stalled, in ms
    private static List<Long> stalledAt(LongPredicate owes, LongUnaryOperator applied, LongPredicate asked) {
        StalledLead lead = new StalledLead(PATIENCE_MS * 1_000_000);
        List<Long> found = new ArrayList<>();
        for (long ms = 0; ms < 40_000; ms += TICK_MS) {
            if (asked.test(ms) && lead.isStalled(ms * 1_000_000, owes.test(ms), applied.applyAsLong(ms))) {
                found.add(ms);
            }
        }
        return found;
    }

    private static List<Long> stalledAt(LongPredicate owes, LongUnaryOperator applied) {
        return stalledAt(owes, applied, ms -> true);
    }

    @Test
    void oneThatOwesNothingMayLeadForEver() {
        assertThat(stalledAt(ms -> false, ms -> 7)).isEmpty();
    }

    @Test
    void oneThatOwesAndAppliesNothingIsStalledWhenPatienceIsOverAndAgainAfterAsLong() {
        assertThat(stalledAt(ms -> ms >= 2_000, ms -> 7))
                .containsExactly(2_000 + PATIENCE_MS, 2_000 + 2 * PATIENCE_MS + TICK_MS);
    }

    @Test
    void patienceIsNotOverOneTickBefore() {
        assertThat(stalledAt(ms -> ms < PATIENCE_MS, ms -> 7)).isEmpty();
        assertThat(stalledAt(ms -> ms <= PATIENCE_MS, ms -> 7)).containsExactly(PATIENCE_MS);
    }

    @Test
    void oneThatAppliesSlowlyIsNotStalled() {
        assertThat(stalledAt(ms -> true, ms -> ms / (PATIENCE_MS - TICK_MS))).isEmpty();
    }

    @Test
    void oneThatIsReadyOnceInAWhileIsNotStalled() {
        assertThat(stalledAt(ms -> ms % 10_000 != 0, ms -> 7)).isEmpty();
    }

    @Test
    void aProcessThatWasStoppedGetsItsPatienceBack() {
        assertThat(stalledAt(ms -> true, ms -> 7, ms -> ms <= 1_000 || ms > 21_000))
                .containsExactly(21_000 + TICK_MS + PATIENCE_MS);
    }
}
