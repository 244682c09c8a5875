package io.millrace.query.oracle;

import io.millrace.query.data.SqlType.Storage;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Aggregates of a list of values, by the book.
final class NaiveAggregate {
    private static final MathContext DIGITS = new MathContext(60, RoundingMode.HALF_EVEN);

    record Value(@Nullable Object value, long weight) {}

    /// @param failure why there is none, null when there is one
    record Result(@Nullable Object value, @Nullable String failure) {
        static Result of(@Nullable Object value) {
            return new Result(value, null);
        }
    }

    private NaiveAggregate() {}

    static Result compute(AggregateCall call, List<Value> all) {
        List<Value> values = new ArrayList<>(all);
        if (call.distinct() && call.argument() >= 0) {
            Multiset different = new Multiset();
            all.forEach(value -> different.add(java.util.Collections.singletonList(value.value), value.weight));
            values.clear();
            different.forEach((row, weight) -> {
                if (weight > 0) {
                    values.add(new Value(row.getFirst(), 1));
                }
            });
        }
        List<Value> merged = new ArrayList<>();
        Multiset sum = new Multiset();
        values.forEach(value -> sum.add(java.util.Collections.singletonList(value.value), value.weight));
        sum.forEach((row, weight) -> merged.add(new Value(row.getFirst(), weight)));
        List<Value> present =
                merged.stream().filter(value -> value.value != null).toList();
        long count = present.stream().mapToLong(Value::weight).sum();
        return switch (call.function()) {
            case COUNT -> Result.of(count);
            case SUM, SUM0, AVG -> sum(call, present, count);
            case MIN, ANY_VALUE -> Result.of(extreme(present, 1));
            case MAX -> Result.of(extreme(present, -1));
            case BOOL_AND -> {
                Object least = extreme(present, 1);
                yield Result.of(least);
            }
            case BOOL_OR -> {
                Object most = extreme(present, -1);
                yield Result.of(most);
            }
            case VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP -> variance(call, present, count);
            case ARRAY_AGG -> {
                List<@Nullable Object> list = copies(merged);
                yield Result.of(list.isEmpty() ? null : list);
            }
            case SINGLE_VALUE -> {
                List<@Nullable Object> list = copies(merged);
                yield new Result(
                        list.isEmpty() ? null : list.getFirst(),
                        list.size() > 1 ? "a subquery that must give one row gave more" : null);
            }
        };
    }

    private static List<@Nullable Object> copies(List<Value> values) {
        List<@Nullable Object> list = new ArrayList<>();
        for (Value value : values) {
            for (long copy = 0; copy < value.weight; copy++) {
                list.add(value.value);
            }
        }
        list.sort(NaiveOrder::compare);
        return list;
    }

    private static @Nullable Object extreme(List<Value> values, int sign) {
        Object best = null;
        for (Value value : values) {
            if (value.weight > 0 && (best == null || sign * NaiveOrder.compare(value.value, best) < 0)) {
                best = value.value;
            }
        }
        return best;
    }

    private static BigDecimal exact(@Nullable Object value) {
        return switch (value) {
            case Long number -> BigDecimal.valueOf(number);
            case Double number -> new BigDecimal(number);
            case BigDecimal number -> number;
            case null, default -> throw new IllegalArgumentException("not a number: " + value);
        };
    }

    private static double special(List<Value> values) {
        boolean up = false;
        boolean down = false;
        for (Value value : values) {
            if (value.value instanceof Double number && value.weight > 0 && !Double.isFinite(number)) {
                if (Double.isNaN(number)) {
                    return Double.NaN;
                }
                up |= number > 0;
                down |= number < 0;
            }
        }
        if (up && down) {
            return Double.NaN;
        }
        return up ? Double.POSITIVE_INFINITY : down ? Double.NEGATIVE_INFINITY : 0;
    }

    private static boolean finite(Value value) {
        return !(value.value instanceof Double number) || Double.isFinite(number);
    }

    private static Result sum(AggregateCall call, List<Value> values, long count) {
        if (count == 0 && call.function() != Function.SUM0) {
            return Result.of(null);
        }
        double special = special(values);
        BigDecimal sum = BigDecimal.ZERO;
        boolean doubles = false;
        for (Value value : values) {
            doubles |= value.value instanceof Double;
            if (finite(value)) {
                sum = sum.add(exact(value.value).multiply(BigDecimal.valueOf(value.weight)));
            }
        }
        Storage storage = call.type().type().storage();
        if (call.function() == Function.AVG) {
            if (storage == Storage.OBJECT) {
                return Result.of(
                        sum.divide(BigDecimal.valueOf(count), call.type().scale(), RoundingMode.HALF_UP));
            }
            if (special != 0) {
                return Result.of(special / count);
            }
            return Result.of(
                    doubles
                            ? sum.doubleValue() / count
                            : sum.divide(BigDecimal.valueOf(count), DIGITS).doubleValue());
        }
        return switch (storage) {
            case LONG -> {
                boolean fits = sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0
                        && sum.compareTo(BigDecimal.valueOf(Long.MIN_VALUE)) >= 0;
                yield fits
                        ? Result.of(sum.longValueExact())
                        : new Result(null, "SUM is out of range for BIGINT: " + sum);
            }
            case DOUBLE -> Result.of(special != 0 ? special : sum.doubleValue());
            case OBJECT -> Result.of(sum);
            case BYTES -> throw new IllegalArgumentException("a sum is a number");
        };
    }

    private static Result variance(AggregateCall call, List<Value> values, long count) {
        boolean sample = call.function() == Function.VAR_SAMP || call.function() == Function.STDDEV_SAMP;
        boolean root = call.function() == Function.STDDEV_POP || call.function() == Function.STDDEV_SAMP;
        if (count <= (sample ? 1 : 0)) {
            return Result.of(null);
        }
        BigDecimal n = BigDecimal.valueOf(count);
        BigDecimal sum = BigDecimal.ZERO;
        BigDecimal squares = BigDecimal.ZERO;
        for (Value value : values) {
            if (!finite(value)) {
                return Result.of(Double.NaN);
            }
            BigDecimal weight = BigDecimal.valueOf(value.weight);
            sum = sum.add(exact(value.value).multiply(weight));
            squares = squares.add(exact(value.value).pow(2).multiply(weight));
        }
        double variance = n.multiply(squares)
                .subtract(sum.pow(2))
                .divide(n.multiply(BigDecimal.valueOf(sample ? count - 1 : count)), DIGITS)
                .doubleValue();
        return Result.of(root ? Math.sqrt(variance) : variance);
    }
}
