package io.millrace.query.circuit;

import io.millrace.query.oracle.Multiset;
import io.millrace.query.plan.SourceSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the sources of a test bring, in order.
final class Feed {
    record Change(List<@Nullable Object> row, long weight) {}

    final Map<SourceSpec, List<Change>> changes = new LinkedHashMap<>();

    void add(SourceSpec source, List<@Nullable Object> row, long weight) {
        changes.computeIfAbsent(source, absent -> new ArrayList<>()).add(new Change(row, weight));
    }

    List<Change> of(SourceSpec source) {
        return changes.getOrDefault(source, List.of());
    }

    /// The first rows of a source, summed.
    Multiset prefix(SourceSpec source, int count) {
        Multiset rows = new Multiset();
        of(source).subList(0, count).forEach(change -> rows.add(change.row, change.weight));
        return rows;
    }

    /// The watermark after the first rows of a source.
    long watermark(SourceSpec source, int count) {
        SourceSpec.WatermarkSpec spec = source.watermark();
        long watermark = Long.MIN_VALUE;
        if (spec != null) {
            for (Change change : of(source).subList(0, count)) {
                if (change.row.get(spec.timeColumn()) instanceof Long time) {
                    watermark = Math.max(watermark, time - spec.delayMs());
                }
            }
        }
        return watermark;
    }
}
