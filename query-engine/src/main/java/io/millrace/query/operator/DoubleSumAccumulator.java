package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.state.RowTable;
import io.millrace.query.state.Values;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/// SUM, SUM0 and AVG of doubles, exact: the true sum rounded once, whatever the order of the values.
///
/// Three words a group: `Σ w` of values that are not null, and a fixed-point number of 128 bits, 64 of them
/// after the point. It takes every double below 2^46 that is a multiple of 2^−64, which measured data always
/// is. Others, and weights that are not ±1, go to a `BigDecimal` beside it; infinities and NaN are counted
/// there.
final class DoubleSumAccumulator extends Accumulator {
    private static final BigDecimal UNIT = new BigDecimal(BigInteger.ONE.shiftLeft(64));
    private static final int FRACTION_BITS = 64;

    /// What the fixed-point number cannot hold. Kept only while not all zero.
    private static final class Rest {
        BigDecimal sum = BigDecimal.ZERO;
        long notANumber;
        long positiveInfinity;
        long negativeInfinity;

        boolean isZero() {
            return sum.signum() == 0 && notANumber == 0 && positiveInfinity == 0 && negativeInfinity == 0;
        }
    }

    private final int argument;
    private final Function function;
    private final Map<Integer, Rest> rests = new HashMap<>();

    DoubleSumAccumulator(AggregateCall call) {
        argument = call.argument();
        function = call.function();
    }

    @Override
    int words() {
        return 3;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        DoubleColumn column = input.doubles(argument);
        double[] values = column.values();
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
            if (weight != 1 && weight != -1) {
                addRest(slots[row], values[row], weight);
                continue;
            }
            long bits = Double.doubleToRawLongBits(values[row]);
            int exponent = (int) (bits >>> 52) & 0x7FF;
            long mantissa = bits & 0xF_FFFF_FFFF_FFFFL;
            if (exponent == 0 && mantissa == 0) {
                continue;
            }
            int shift = exponent - 1075 + FRACTION_BITS; // the value is mantissa · 2^shift units
            mantissa |= 1L << 52;
            if (shift < 0 && shift > -53 && (mantissa & ((1L << -shift) - 1)) == 0) {
                mantissa >>= -shift;
                shift = 0;
            }
            if (shift < 0 || shift > 57) { // exponents 0 and 2047 are among these
                addRest(slots[row], values[row], weight);
                continue;
            }
            long low = mantissa << shift;
            long high = shift == 0 ? 0 : mantissa >>> (64 - shift);
            if ((bits < 0) == (weight > 0)) {
                high = ~high + (low == 0 ? 1 : 0);
                low = -low;
            }
            long sum = words[word + 1] + low;
            long oldHigh = words[word + 2];
            long newHigh = oldHigh + high + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
            words[word + 1] = sum;
            words[word + 2] = newHigh;
            if (newHigh > Long.MAX_VALUE / 2 || newHigh < Long.MIN_VALUE / 2) {
                rest(slots[row]).sum = rest(slots[row]).sum.add(fixed(sum, newHigh)); // long before it overflows
                words[word + 1] = 0;
                words[word + 2] = 0;
                forgetZero(slots[row]);
            }
        }
    }

    private Rest rest(int slot) {
        return rests.computeIfAbsent(slot, absent -> new Rest());
    }

    private void forgetZero(int slot) {
        if (rest(slot).isZero()) {
            rests.remove(slot);
        }
    }

    private void addRest(int slot, double value, long weight) {
        Rest rest = rest(slot);
        if (Double.isNaN(value)) {
            rest.notANumber += weight;
        } else if (value == Double.POSITIVE_INFINITY) {
            rest.positiveInfinity += weight;
        } else if (value == Double.NEGATIVE_INFINITY) {
            rest.negativeInfinity += weight;
        } else {
            rest.sum = rest.sum.add(new BigDecimal(value).multiply(BigDecimal.valueOf(weight)));
        }
        forgetZero(slot);
    }

    private static BigDecimal fixed(long low, long high) {
        BigInteger unsigned = BigInteger.valueOf(low >>> 1).shiftLeft(1).add(BigInteger.valueOf(low & 1));
        return new BigDecimal(BigInteger.valueOf(high).shiftLeft(64).add(unsigned)).divide(UNIT);
    }

    /// The sum of a group, rounded to nearest, ties to even.
    private double sum(RowTable groups, int slot) {
        int word = slot * groups.stride() + at;
        long low = groups.words()[word + 1];
        long high = groups.words()[word + 2];
        if (rests.isEmpty() || !rests.containsKey(slot)) {
            return rounded(low, high);
        }
        Rest rest = Objects.requireNonNull(rests.get(slot));
        boolean up = rest.positiveInfinity > 0;
        boolean down = rest.negativeInfinity > 0;
        if (rest.notANumber > 0 || (up && down)) {
            return Double.NaN;
        }
        if (up || down) {
            return up ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
        }
        return fixed(low, high).add(rest.sum).doubleValue();
    }

    private static double rounded(long low, long high) {
        boolean negative = high < 0;
        long magnitudeHigh = negative ? ~high + (low == 0 ? 1 : 0) : high;
        long magnitudeLow = negative ? -low : low;
        if (magnitudeHigh == 0 && magnitudeLow == 0) {
            return 0.0;
        }
        int zeros = magnitudeHigh != 0
                ? Long.numberOfLeadingZeros(magnitudeHigh)
                : 64 + Long.numberOfLeadingZeros(magnitudeLow);
        long top; // the 64 bits from the highest one on
        long below;
        if (zeros == 0) {
            top = magnitudeHigh;
            below = magnitudeLow;
        } else if (zeros < 64) {
            top = (magnitudeHigh << zeros) | (magnitudeLow >>> (64 - zeros));
            below = magnitudeLow << zeros;
        } else {
            top = magnitudeLow << (zeros - 64);
            below = 0;
        }
        long mantissa = top >>> 11;
        long remainder = top & 0x7FF;
        if (remainder > 0x400 || (remainder == 0x400 && (below != 0 || (mantissa & 1) != 0))) {
            mantissa++;
        }
        double value = Math.scalb((double) mantissa, 11 - zeros);
        return negative ? -value : value;
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        DoubleColumn doubles = (DoubleColumn) target;
        for (int i = 0; i < count; i++) {
            long values = groups.words()[slots[i] * groups.stride() + at];
            if (values == 0 && function != Function.SUM0) {
                doubles.appendNull();
            } else {
                double sum = sum(groups, slots[i]);
                doubles.append(function == Function.AVG ? sum / (double) values : sum);
            }
        }
    }

    @Override
    boolean isEmpty(RowTable groups, int slot) {
        Rest rest = rests.get(slot);
        if (rest == null) {
            return super.isEmpty(groups, slot);
        }
        int word = slot * groups.stride() + at;
        long[] words = groups.words();
        // what was added to the one part may have been taken from the other
        return words[word] == 0
                && rest.notANumber == 0
                && rest.positiveInfinity == 0
                && rest.negativeInfinity == 0
                && fixed(words[word + 1], words[word + 2]).add(rest.sum).signum() == 0;
    }

    @Override
    void drop(RowTable groups, int slot) {
        rests.remove(slot);
    }

    @Override
    long extraBytes() {
        return rests.size() * 160L;
    }

    @Override
    void save(DataOutput out) throws IOException {
        out.writeInt(rests.size());
        for (Map.Entry<Integer, Rest> entry : rests.entrySet()) {
            out.writeInt(entry.getKey());
            Values.write(out, entry.getValue().sum);
            out.writeLong(entry.getValue().notANumber);
            out.writeLong(entry.getValue().positiveInfinity);
            out.writeLong(entry.getValue().negativeInfinity);
        }
    }

    @Override
    void restore(DataInput in) throws IOException {
        rests.clear();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            Rest rest = rest(in.readInt());
            rest.sum = (BigDecimal) Objects.requireNonNull(Values.read(in));
            rest.notANumber = in.readLong();
            rest.positiveInfinity = in.readLong();
            rest.negativeInfinity = in.readLong();
        }
    }
}
