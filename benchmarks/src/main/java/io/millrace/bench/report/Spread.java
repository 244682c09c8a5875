package io.millrace.bench.report;

import java.util.Arrays;
import java.util.Locale;

/// Several runs of the same measurement.
public final class Spread {
    private final double[] sorted;
    private final double[] runs;

    public Spread(double... runs) {
        this.runs = runs.clone();
        sorted = runs.clone();
        Arrays.sort(sorted);
    }

    public double median() {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    public double best() {
        return sorted[sorted.length - 1];
    }

    /// `median 1,234 (min 1,000, max 1,500; runs 1,000 1,234 1,500)`
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(
                String.format(Locale.ROOT, "median %,.0f (min %,.0f, max %,.0f; runs", median(), sorted[0], best()));
        for (double run : runs) {
            text.append(String.format(Locale.ROOT, " %,.0f", run));
        }
        return text.append(')').toString();
    }
}
