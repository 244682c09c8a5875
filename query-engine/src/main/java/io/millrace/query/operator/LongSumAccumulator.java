package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.state.RowTable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/// SUM, SUM0 and AVG of whole numbers in 128 bits, which cannot overflow: fewer than 2^63 values below 2^63.
///
/// Three words a group: `Σ w` of values that are not null, low and high half of `Σ w·x`. A sum that does not
/// fit a BIGINT column is the group's failure for as long as that is so. AVG is the exact quotient rounded
/// once.
final class LongSumAccumulator extends Accumulator {
    private static final MathContext DIGITS = new MathContext(60, RoundingMode.HALF_EVEN);
    private static final long EXACT_IN_DOUBLE = 1L << 53;

    private final int argument;
    private final Function function;
    private final int scale;
    private final boolean resultIsLong;

    LongSumAccumulator(AggregateCall call) {
        argument = call.argument();
        function = call.function();
        scale = call.type().scale();
        resultIsLong = call.type().type().storage() == io.millrace.query.data.SqlType.Storage.LONG;
    }

    @Override
    int words() {
        return 3;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        LongColumn column = input.longs(argument);
        long[] values = column.values();
        boolean[] nulls = column.hasNulls() ? column.nulls() : null;
        long[] words = groups.words();
        int stride = groups.stride();
        for (int row = 0; row < count; row++) {
            long weight = weights[row];
            if (weight == 0 || (nulls != null && nulls[row])) {
                continue;
            }
            int word = slots[row] * stride + at;
            words[word] += weight;
            long low;
            long high;
            if (weight == 1) {
                low = values[row];
                high = low >> 63;
            } else {
                low = values[row] * weight;
                high = Math.multiplyHigh(values[row], weight);
            }
            long sum = words[word + 1] + low;
            words[word + 1] = sum;
            words[word + 2] += high + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
        }
    }

    private static boolean fits(long low, long high) {
        return high == low >> 63;
    }

    private static BigInteger big(long low, long high) {
        BigInteger unsigned = BigInteger.valueOf(low >>> 1).shiftLeft(1).add(BigInteger.valueOf(low & 1));
        return BigInteger.valueOf(high).shiftLeft(64).add(unsigned);
    }

    @Override
    boolean canFail() {
        return function != Function.AVG && resultIsLong;
    }

    @Override
    @Nullable
    String failure(RowTable groups, int slot) {
        int word = slot * groups.stride() + at;
        long low = groups.words()[word + 1];
        long high = groups.words()[word + 2];
        return fits(low, high) || !canFail() ? null : "SUM is out of range for BIGINT: " + big(low, high);
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        for (int i = 0; i < count; i++) {
            int word = slots[i] * groups.stride() + at;
            long[] words = groups.words();
            long values = words[word];
            long low = words[word + 1];
            long high = words[word + 2];
            if (values == 0 && function != Function.SUM0) {
                target.appendNull();
            } else if (function == Function.AVG) {
                appendAverage(values, low, high, target);
            } else {
                switch (target) {
                    case LongColumn longs -> longs.append(low); // groups that fail are never appended
                    case DoubleColumn doubles ->
                        doubles.append(fits(low, high) ? low : big(low, high).doubleValue());
                    case ObjectColumn objects -> objects.append(new BigDecimal(big(low, high)).setScale(scale));
                    case io.millrace.query.data.BytesColumn bytes ->
                        throw new IllegalStateException("a sum is a number, the column holds bytes: " + bytes);
                }
            }
        }
    }

    private void appendAverage(long values, long low, long high, Column target) {
        if (target instanceof DoubleColumn doubles) {
            boolean small = fits(low, high) && Math.abs(low) < EXACT_IN_DOUBLE && Math.abs(values) < EXACT_IN_DOUBLE;
            doubles.append(
                    small
                            ? (double) low / (double) values
                            : new BigDecimal(big(low, high))
                                    .divide(BigDecimal.valueOf(values), DIGITS)
                                    .doubleValue());
        } else {
            BigDecimal quotient =
                    new BigDecimal(big(low, high)).divide(BigDecimal.valueOf(values), scale, RoundingMode.HALF_UP);
            if (target instanceof LongColumn longs) {
                longs.append(quotient.longValueExact());
            } else {
                ((ObjectColumn) target).append(quotient);
            }
        }
    }
}
