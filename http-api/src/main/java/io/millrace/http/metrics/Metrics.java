package io.millrace.http.metrics;

import io.millrace.http.json.JsonBuffer;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a node counts, as a page in Prometheus's text format 0.0.4. Names start with `millrace_`.
///
/// Threading: any thread. Counting is a [LongAdder]; everything else happens when the page is asked for.
public final class Metrics {
    private static final String PREFIX = "millrace_";

    private final Map<String, Family> families = new ConcurrentSkipListMap<>();
    private final Map<String, Supplier<Map<String, Double>>> groups = new ConcurrentSkipListMap<>();

    private record Family(String type, String help, Map<String, DoubleSupplier> series) {}

    /// A counter without labels; its name ends in `_total`.
    public LongAdder counter(String name, String help) {
        return counter(name, help, "");
    }

    /// A counter of one label value.
    ///
    /// @param labels as the page shows them, `status="2xx"`; empty for none
    public LongAdder counter(String name, String help, String labels) {
        LongAdder adder = new LongAdder();
        add("counter", name, help, labels, adder::sum);
        return adder;
    }

    public void gauge(String name, String help, DoubleSupplier value) {
        add("gauge", name, help, "", value);
    }

    /// A histogram over fixed upper bounds.
    public Histogram histogram(String name, String help, double... bounds) {
        Histogram histogram = new Histogram(bounds);
        families.put(PREFIX + name, new Family("histogram", help, Map.of("", () -> 0)));
        histograms.put(PREFIX + name, histogram);
        return histogram;
    }

    private final Map<String, Histogram> histograms = new ConcurrentSkipListMap<>();

    /// Values that another module names: a name that ends in `_total` is a counter, every other a gauge. Labels
    /// may stand behind the name in braces.
    public void group(String key, Supplier<Map<String, Double>> values) {
        groups.put(key, values);
    }

    private void add(String type, String name, String help, String labels, DoubleSupplier value) {
        families.computeIfAbsent(PREFIX + name, ignored -> new Family(type, help, new ConcurrentSkipListMap<>()))
                .series()
                .put(labels, value);
    }

    /// Writes the page.
    public void write(JsonBuffer page) {
        families.forEach((name, family) -> {
            head(page, name, family.type(), family.help());
            Histogram histogram = histograms.get(name);
            if (histogram != null) {
                histogram.write(page, name);
            } else {
                family.series().forEach((labels, value) -> line(page, name, labels, value.getAsDouble()));
            }
        });
        Map<String, Double> others = new TreeMap<>();
        groups.values().forEach(group -> others.putAll(group.get()));
        String last = null;
        for (Map.Entry<String, Double> entry : others.entrySet()) {
            int brace = entry.getKey().indexOf('{');
            String name = PREFIX + (brace < 0 ? entry.getKey() : entry.getKey().substring(0, brace));
            String labels = brace < 0
                    ? ""
                    : entry.getKey().substring(brace + 1, entry.getKey().length() - 1);
            if (!name.equals(last)) {
                head(page, name, name.endsWith("_total") ? "counter" : "gauge", null);
                last = name;
            }
            line(page, name, labels, entry.getValue());
        }
    }

    private static void head(JsonBuffer page, String name, String type, @Nullable String help) {
        if (help != null) {
            page.ascii("# HELP ").ascii(name).put(' ').ascii(help).put('\n');
        }
        page.ascii("# TYPE ").ascii(name).put(' ').ascii(type).put('\n');
    }

    private static void line(JsonBuffer page, String name, String labels, double value) {
        page.ascii(name);
        if (!labels.isEmpty()) {
            page.put('{').ascii(labels).put('}');
        }
        page.put(' ').ascii(number(value)).put('\n');
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /// Counts of values below bounds.
    public static final class Histogram {
        private final double[] bounds;
        private final LongAdder[] counts;
        private final LongAdder sumMicros = new LongAdder();

        private Histogram(double... bounds) {
            this.bounds = bounds.clone();
            counts = new LongAdder[bounds.length + 1];
            for (int i = 0; i < counts.length; i++) {
                counts[i] = new LongAdder();
            }
        }

        public void recordNanos(long nanos) {
            double seconds = nanos / 1e9;
            int at = 0;
            while (at < bounds.length && seconds > bounds[at]) {
                at++;
            }
            counts[at].increment();
            sumMicros.add(nanos / 1000);
        }

        private void write(JsonBuffer page, String name) {
            long sum = 0;
            for (int i = 0; i < counts.length; i++) {
                sum += counts[i].sum();
                String bound = i < bounds.length ? number(bounds[i]) : "+Inf";
                line(page, name + "_bucket", "le=\"" + bound + "\"", sum);
            }
            line(page, name + "_sum", "", sumMicros.sum() / 1e6);
            line(page, name + "_count", "", sum);
        }
    }
}
