package io.millrace.query.data;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Values of DECIMAL (`BigDecimal`), ARRAY (`List`), MAP (`Map`) and ROW (`Object[]`). Values are never
/// changed.
public final class ObjectColumn extends Column {
    private @Nullable Object[] values = new @Nullable Object[CAPACITY_AT_FIRST];

    /// Valid up to [#count].
    public @Nullable Object[] values() {
        return values;
    }

    public Object get(int row) {
        Object value = values[row];
        if (value == null) {
            throw new IllegalStateException("row " + row + " is null");
        }
        return value;
    }

    public void append(Object value) {
        reserve(1);
        values[count] = value;
        countPresent();
    }

    @Override
    void grow(int capacity) {
        values = Arrays.copyOf(values, capacity);
    }

    @Override
    void appendNullValue() {
        values[count] = null;
    }

    @Override
    void appendValueFrom(Column other, int row) {
        append(((ObjectColumn) other).get(row));
    }

    @Override
    boolean sameValue(int row, Column other, int otherRow) {
        return compareObjects(get(row), ((ObjectColumn) other).get(otherRow)) == 0;
    }

    @Override
    long hashValue(int row) {
        return mix(hashObject(get(row)));
    }

    @Override
    int compareValue(int row, Column other, int otherRow) {
        return compareObjects(get(row), ((ObjectColumn) other).get(otherRow));
    }

    @Override
    Object boxed(int row) {
        return get(row);
    }

    @Override
    void appendBoxed(Object value) {
        append(value);
    }

    /// A hash that agrees with [#compareObjects].
    public static long hashObject(@Nullable Object value) {
        return switch (value) {
            case null -> 0;
            case BigDecimal number ->
                number.signum() == 0 ? 0 : number.stripTrailingZeros().hashCode();
            case byte[] bytes -> BytesColumn.hash(bytes, 0, bytes.length);
            case List<?> list -> {
                long hash = list.size();
                for (Object element : list) {
                    hash = mix(hash * 31 + hashObject(element));
                }
                yield hash;
            }
            case Object[] fields -> hashObject(Arrays.asList(fields));
            case Map<?, ?> map -> {
                long hash = map.size();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    hash += mix(hashObject(entry.getKey()) * 31 + hashObject(entry.getValue())); // order does not count
                }
                yield hash;
            }
            default -> value.hashCode();
        };
    }

    /// Order of two values of one column, nulls last; 0 exactly for values that GROUP BY sees as the same.
    @SuppressWarnings("unchecked") // values of one column are of one type
    public static int compareObjects(@Nullable Object left, @Nullable Object right) {
        if (left == null || right == null) {
            return Boolean.compare(left == null, right == null);
        }
        return switch (left) {
            case byte[] bytes -> Arrays.compareUnsigned(bytes, (byte[]) right);
            case List<?> list -> compareLists(list, (List<?>) right);
            case Object[] fields -> compareLists(Arrays.asList(fields), Arrays.asList((Object[]) right));
            case Map<?, ?> map -> compareLists(sortedEntries(map), sortedEntries((Map<?, ?>) right));
            case Comparable<?> comparable -> ((Comparable<Object>) comparable).compareTo(right);
            default -> left.equals(right) ? 0 : left.toString().compareTo(right.toString());
        };
    }

    /// Keys and values in turn, by key: equal maps give equal lists whatever their own order is.
    private static List<@Nullable Object> sortedEntries(Map<?, ?> map) {
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        entries.sort((left, right) -> compareObjects(left.getKey(), right.getKey()));
        List<@Nullable Object> flat = new ArrayList<>(entries.size() * 2);
        for (Map.Entry<?, ?> entry : entries) {
            flat.add(entry.getKey());
            flat.add(entry.getValue());
        }
        return flat;
    }

    private static int compareLists(List<?> left, List<?> right) {
        int common = Math.min(left.size(), right.size());
        for (int i = 0; i < common; i++) {
            int order = compareObjects(left.get(i), right.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }
}
