package io.millrace.faults.check;

import java.util.Map;
import java.util.TreeMap;

/// A number that is known to be at least so and so large, from so and so on.
final class Floor {
    private final TreeMap<Long, Long> knownFromNs = new TreeMap<>();

    /// From `atNs` on the number is at least `value`.
    void raise(long atNs, long value) {
        Map.Entry<Long, Long> before = knownFromNs.floorEntry(atNs);
        if (before != null && before.getValue() >= value) {
            return;
        }
        knownFromNs.put(atNs, value);
        // events of several threads come almost in order of time, so later entries that are lower are few
        Map.Entry<Long, Long> next = knownFromNs.higherEntry(atNs);
        while (next != null && next.getValue() <= value) {
            knownFromNs.remove(next.getKey());
            next = knownFromNs.higherEntry(atNs);
        }
    }

    /// What was known before `atNs`; `Long.MIN_VALUE` for nothing.
    long before(long atNs) {
        Map.Entry<Long, Long> entry = knownFromNs.lowerEntry(atNs);
        return entry == null ? Long.MIN_VALUE : entry.getValue();
    }
}
