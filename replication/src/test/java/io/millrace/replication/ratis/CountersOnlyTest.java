package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.junit.jupiter.api.Test;

class CountersOnlyTest {
    private static final MetricRegistryInfo INFO =
            new MetricRegistryInfo("CountersOnlyTest", "millrace", "test", "for the test");

    @Test
    void itIsTheOneThatRatisFinds() {
        assertThat(MetricRegistries.global()).isInstanceOf(CountersOnly.class);
    }

    @Test
    void aRegistryIsTheSameUntilItIsRemoved() {
        CountersOnly registries = new CountersOnly();
        assertThat(registries.get(INFO)).isEmpty();
        RatisMetricRegistry made = registries.create(INFO);
        assertThat(registries.create(INFO)).isSameAs(made);
        assertThat(registries.get(INFO)).containsSame(made);
        assertThat(registries.getMetricRegistryInfos()).containsExactly(INFO);
        assertThat(registries.remove(INFO)).isTrue();
        assertThat(registries.remove(INFO)).isFalse();
        assertThat(registries.get(INFO)).isEmpty();
    }

    @Test
    void countersCountAndTimersMeasure() {
        RatisMetricRegistry registry = new CountersOnly().create(INFO);
        LongCounter counter = registry.counter("c");
        counter.inc();
        counter.inc(4);
        counter.dec();
        assertThat(registry.counter("c").getCount()).isEqualTo(4);
        assertThat(registry.remove("c")).isTrue();
        assertThat(registry.counter("c").getCount()).isZero();

        long before = System.nanoTime();
        Timekeeper.Context context = registry.timer("t").time();
        long elapsed = context.stop();
        assertThat(elapsed).isBetween(0L, System.nanoTime() - before);
    }
}
