package io.millrace.faults.check;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What the checker found: how often each promise was broken, and the first examples.
///
/// @param counts violations of each kind; kinds without one are absent
/// @param examples the first few of each kind
/// @param acknowledged records that were acknowledged: a run without any has tested nothing
/// @param uncertain records whose outcome nobody was told
/// @param refused records that were refused for good
/// @param aloneMs how long writes to nodes that were alone waited for their answers, in milliseconds, ascending
/// @param retriedMsMax the longest time from the first attempt to write a record with a key to its acknowledgement
public record Verdict(
        Map<Violation.Kind, Long> counts,
        List<Violation> examples,
        long acknowledged,
        long uncertain,
        long refused,
        List<Long> aloneMs,
        long retriedMsMax) {
    static final int EXAMPLES_MAX = 8;

    public Verdict {
        counts = Map.copyOf(counts);
        examples = List.copyOf(examples);
        aloneMs = List.copyOf(aloneMs);
    }

    public long count(Violation.Kind kind) {
        return counts.getOrDefault(kind, 0L);
    }

    public boolean isClean() {
        return counts.isEmpty();
    }

    /// Collects violations.
    static final class Builder {
        private final EnumMap<Violation.Kind, Long> counts = new EnumMap<>(Violation.Kind.class);
        private final List<Violation> examples = new ArrayList<>();

        void add(Violation.Kind kind, String place, String message) {
            if (counts.merge(kind, 1L, Long::sum) <= EXAMPLES_MAX) {
                examples.add(new Violation(kind, place, message));
            }
        }

        Verdict build(long acknowledged, long uncertain, long refused, List<Long> aloneMs, long retriedMsMax) {
            return new Verdict(counts, examples, acknowledged, uncertain, refused, aloneMs, retriedMsMax);
        }
    }
}
