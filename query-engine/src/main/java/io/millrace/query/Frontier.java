package io.millrace.query;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// How far each partition of each input has been read: the next offset. Written `{"orders":[123,98]}`.
public final class Frontier {
    public static final Frontier EMPTY = new Frontier(Map.of());

    private final TreeMap<String, long[]> offsets = new TreeMap<>();

    public Frontier(Map<String, long[]> offsets) {
        offsets.forEach((topic, next) -> this.offsets.put(topic, next.clone()));
    }

    /// By topic, copied.
    public Map<String, long[]> offsets() {
        Map<String, long[]> copy = new TreeMap<>();
        offsets.forEach((topic, next) -> copy.put(topic, next.clone()));
        return copy;
    }

    /// Next offset, 0 for what is not mentioned.
    public long offset(String topic, int partition) {
        long[] next = offsets.get(topic);
        return next == null || partition >= next.length ? 0 : next[partition];
    }

    /// Whether this frontier includes everything that `other` does.
    public boolean includes(Frontier other) {
        for (Map.Entry<String, long[]> entry : other.offsets.entrySet()) {
            long[] wanted = entry.getValue();
            for (int partition = 0; partition < wanted.length; partition++) {
                if (offset(entry.getKey(), partition) < wanted[partition]) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Of each offset the larger one.
    public Frontier with(Frontier other) {
        Map<String, long[]> joined = offsets();
        other.offsets.forEach((topic, theirs) -> joined.merge(topic, theirs.clone(), (left, right) -> {
            long[] larger = Arrays.copyOf(left, Math.max(left.length, right.length));
            for (int partition = 0; partition < right.length; partition++) {
                larger[partition] = Math.max(larger[partition], right[partition]);
            }
            return larger;
        }));
        return new Frontier(joined);
    }

    /// As JSON. Topic names need no escapes.
    @Override
    public String toString() {
        StringBuilder json = new StringBuilder("{");
        offsets.forEach((topic, next) -> {
            json.append(json.length() > 1 ? "," : "").append('"').append(topic).append("\":[");
            for (int i = 0; i < next.length; i++) {
                json.append(i > 0 ? "," : "").append(next[i]);
            }
            json.append(']');
        });
        return json.append('}').toString();
    }

    /// @throws IllegalArgumentException it is not of the form `{"topic":[1,2]}`
    public static Frontier parse(String json) {
        String text = json.strip();
        if (!text.startsWith("{") || !text.endsWith("}")) {
            throw malformed(json);
        }
        Map<String, long[]> offsets = new TreeMap<>();
        java.util.regex.Matcher entries = java.util.regex.Pattern.compile(
                        "\\G\\s*,?\\s*\"([A-Za-z0-9._-]+)\"\\s*:\\s*\\[([0-9,\\s]*)\\]\\s*")
                .matcher(text.substring(1, text.length() - 1));
        int end = 0;
        while (entries.find()) {
            String list = entries.group(2).strip();
            try {
                offsets.put(
                        entries.group(1),
                        list.isEmpty()
                                ? new long[0]
                                : Arrays.stream(list.split(",", -1))
                                        .mapToLong(number -> Long.parseLong(number.strip()))
                                        .toArray());
            } catch (NumberFormatException notANumber) {
                throw malformed(json);
            }
            end = entries.end();
        }
        if (end != text.length() - 2 && !text.substring(1, text.length() - 1).isBlank()) {
            throw malformed(json);
        }
        return new Frontier(offsets);
    }

    private static IllegalArgumentException malformed(String json) {
        return new IllegalArgumentException(
                "a frontier looks like {\"orders\":[123,98]} (next offset of each partition), not " + json);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Frontier frontier && toString().equals(frontier.toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }
}
