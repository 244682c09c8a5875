package io.millrace.replication.ratis;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.apache.ratis.util.TimeDuration;

/// Ratis' own metrics, reduced to what costs next to nothing: counters count, timers and gauges keep nothing.
///
/// Nobody reads them; what a node shows of its log it measures itself. Ratis' usual implementation puts every
/// duration into an ordered map of samples, a dozen for each entry, which was a twelfth of the CPU of the
/// threads that write, commit and apply. Ratis finds this class through `META-INF/services`.
///
/// Threading: any.
public final class CountersOnly extends MetricRegistries {
    private final Map<MetricRegistryInfo, RatisMetricRegistry> registries = new ConcurrentHashMap<>();

    @Override
    public void clear() {
        registries.clear();
    }

    @Override
    public RatisMetricRegistry create(MetricRegistryInfo info) {
        return registries.computeIfAbsent(info, Registry::new);
    }

    @Override
    public boolean remove(MetricRegistryInfo info) {
        return registries.remove(info) != null;
    }

    @Override
    public Optional<RatisMetricRegistry> get(MetricRegistryInfo info) {
        return Optional.ofNullable(registries.get(info));
    }

    @Override
    public Set<MetricRegistryInfo> getMetricRegistryInfos() {
        return Set.copyOf(registries.keySet());
    }

    @Override
    public Collection<RatisMetricRegistry> getMetricRegistries() {
        return List.copyOf(registries.values());
    }

    @Override
    public void addReporterRegistration(
            Consumer<RatisMetricRegistry> reporter, Consumer<RatisMetricRegistry> stopReporter) {
        throw noReporters();
    }

    @Override
    public void enableJmxReporter() {
        throw noReporters();
    }

    @Override
    public void enableConsoleReporter(TimeDuration consoleReportRate) {
        throw noReporters();
    }

    private static UnsupportedOperationException noReporters() {
        return new UnsupportedOperationException("Ratis' metrics are not kept, so there is nothing to report");
    }

    private static final class Registry implements RatisMetricRegistry {
        private final MetricRegistryInfo info;
        private final Map<String, LongCounter> counters = new ConcurrentHashMap<>();

        private Registry(MetricRegistryInfo info) {
            this.info = info;
        }

        @Override
        public Timekeeper timer(String name) {
            return Stopwatch::new;
        }

        @Override
        public LongCounter counter(String name) {
            return counters.computeIfAbsent(name, ignored -> new Counter());
        }

        @Override
        public boolean remove(String name) {
            return counters.remove(name) != null;
        }

        @Override
        public <T> void gauge(String name, Supplier<Supplier<T>> gauge) {
            // not kept: it would keep what it measures alive
        }

        @Override
        public MetricRegistryInfo getMetricRegistryInfo() {
            return info;
        }
    }

    private static final class Stopwatch implements Timekeeper.Context {
        private final long startedNanos = System.nanoTime();

        @Override
        public long stop() {
            return System.nanoTime() - startedNanos;
        }
    }

    private static final class Counter implements LongCounter {
        private final LongAdder value = new LongAdder();

        @Override
        public void inc(long more) {
            value.add(more);
        }

        @Override
        public void dec(long less) {
            value.add(-less);
        }

        @Override
        public long getCount() {
            return value.sum();
        }
    }
}
