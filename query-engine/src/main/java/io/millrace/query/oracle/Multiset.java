package io.millrace.query.oracle;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Boxed rows with weights. Two multisets are equal when the same rows have the same weights.
///
/// Values are as [io.millrace.query.data.Column#objectAt] boxes them.
public final class Multiset {
    private final Map<List<@Nullable Object>, Long> weights = new LinkedHashMap<>();

    public void add(List<? extends @Nullable Object> row, long weight) {
        List<@Nullable Object> key = new ArrayList<>();
        for (Object value : row) {
            key.add(canonical(value));
        }
        long sum = weights.getOrDefault(key, 0L) + weight;
        if (sum == 0) {
            weights.remove(key);
        } else {
            weights.put(key, sum);
        }
    }

    public void addAll(Multiset other) {
        other.forEach(this::add);
    }

    public void forEach(BiConsumer<List<@Nullable Object>, Long> consumer) {
        weights.forEach((key, weight) -> consumer.accept(plain(key), weight));
    }

    public long weight(List<? extends @Nullable Object> row) {
        List<@Nullable Object> key = new ArrayList<>();
        for (Object value : row) {
            key.add(canonical(value));
        }
        return weights.getOrDefault(key, 0L);
    }

    public int size() {
        return weights.size();
    }

    private static List<@Nullable Object> plain(List<@Nullable Object> key) {
        List<@Nullable Object> row = new ArrayList<>();
        for (Object value : key) {
            row.add(plain(value));
        }
        return row;
    }

    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case ByteBuffer bytes -> bytes.array();
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(element -> copy.add(plain(element)));
                yield copy;
            }
            case null, default -> value;
        };
    }

    /// A value whose equals is SQL's "not distinct".
    static @Nullable Object canonical(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case byte[] bytes -> ByteBuffer.wrap(bytes);
            case Double number -> number + 0.0;
            case BigDecimal number -> number.signum() == 0 ? BigDecimal.ZERO : number.stripTrailingZeros();
            case Object[] fields -> canonical(Arrays.asList(fields));
            case List<?> list -> {
                List<@Nullable Object> copy = new ArrayList<>();
                list.forEach(element -> copy.add(canonical(element)));
                yield copy;
            }
            default -> value;
        };
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Multiset set && set.weights.equals(weights);
    }

    @Override
    public int hashCode() {
        return weights.hashCode();
    }

    /// Sorted, text decoded, for messages.
    @Override
    public String toString() {
        Map<String, Long> lines = new TreeMap<>();
        weights.forEach((key, weight) -> lines.merge(text(key), weight, Long::sum));
        StringBuilder text = new StringBuilder();
        lines.forEach((row, weight) -> text.append(weight > 0 ? "+" : "")
                .append(weight)
                .append(' ')
                .append(row)
                .append('\n'));
        return text.toString();
    }

    private static String text(List<@Nullable Object> key) {
        List<String> values = new ArrayList<>();
        for (Object value : key) {
            values.add(
                    value instanceof ByteBuffer bytes
                            ? "'" + new String(bytes.array(), java.nio.charset.StandardCharsets.UTF_8) + "'"
                            : String.valueOf(value));
        }
        return values.toString();
    }
}
