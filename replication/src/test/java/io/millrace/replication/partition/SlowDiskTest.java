package io.millrace.replication.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/// A leader whose own disk is slow, among others whose disks are or are not.
class SlowDiskTest {
    private static final long TICK_MS = 100;

    /// Appends an entry every tick; what was appended `delay` ms ago is durable, here and on the others.
    private static long firstSlowMs(LongUnaryOperator ownDelayMs, LongUnaryOperator othersDelayMs) {
        SlowDisk slowDisk = new SlowDisk();
        for (long ms = 0; ms < 20_000; ms += TICK_MS) {
            long own = durable(ms, ownDelayMs);
            long others = durable(ms, othersDelayMs);
            if (slowDisk.isSlow(ms * 1_000_000, ms / TICK_MS, own, others)) {
                return ms;
            }
        }
        return -1;
    }

    private static long durable(long ms, LongUnaryOperator delayMs) {
        long index = -1;
        for (long at = 0; at <= ms; at += TICK_MS) {
            if (at + delayMs.applyAsLong(at) > ms) {
                break;
            }
            index = at / TICK_MS;
        }
        return index;
    }

    @Test
    void aQuickDiskMayLead() {
        assertThat(firstSlowMs(at -> 5, at -> 5)).isEqualTo(-1);
    }

    @Test
    void aDiskThatTakesASecondForEachEntryMustNotLeadForLong() {
        assertThat(firstSlowMs(at -> 1_000, at -> 5)).isBetween(3_000L, 5_000L);
    }

    @Test
    void aDiskThatHangsMustNotLeadForLong() {
        assertThat(firstSlowMs(at -> at < 5_000 ? 5 : 1_000_000, at -> 5)).isBetween(8_000L, 10_000L);
    }

    @Test
    void whenAllDisksHangNobodyIsBetter() {
        assertThat(firstSlowMs(at -> at < 5_000 ? 5 : 1_000_000, at -> at < 5_000 ? 5 : 1_000_000))
                .isEqualTo(-1);
    }

    @Test
    void aHiccupIsForgiven() {
        assertThat(firstSlowMs(at -> at >= 5_000 && at < 7_000 ? 7_000 - at : 5, at -> 5))
                .isEqualTo(-1);
    }

    @Test
    void anIdleLeaderIsNotSlow() {
        SlowDisk slowDisk = new SlowDisk();
        for (long ms = 0; ms < 20_000; ms += TICK_MS) {
            assertThat(slowDisk.isSlow(ms * 1_000_000, 7, 7, 7)).isFalse();
        }
    }
}
