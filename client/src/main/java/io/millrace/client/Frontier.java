package io.millrace.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// How far each input has been read: per topic, the next offset of each of its partitions.
public record Frontier(Map<String, List<Long>> offsets) {
    public static final Frontier EMPTY = new Frontier(Map.of());

    public Frontier {
        Map<String, List<Long>> copy = new LinkedHashMap<>();
        offsets.forEach((topic, next) -> copy.put(topic, List.copyOf(next)));
        offsets = java.util.Collections.unmodifiableMap(copy);
    }

    public boolean isEmpty() {
        return offsets.isEmpty();
    }

    /// The form that `AS OF FRONTIER '…'` takes.
    public String toJson() {
        return offsets.entrySet().stream()
                .map(entry -> "\"" + entry.getKey() + "\":"
                        + entry.getValue().stream().map(String::valueOf).collect(Collectors.joining(",", "[", "]")))
                .collect(Collectors.joining(",", "{", "}"));
    }
}
