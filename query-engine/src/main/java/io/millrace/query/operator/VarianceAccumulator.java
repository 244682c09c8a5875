package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.BytesColumn;
import io.millrace.query.data.Column;
import io.millrace.query.data.DoubleColumn;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/// Variance and standard deviation from exact `Σ w`, `Σ w·x` and `Σ w·x²`: `(n·Σx² − (Σx)²) / n²` (or
/// `/ n(n − 1)`), rounded once.
///
/// Two words (count of finite values, count of others) and two `BigDecimal`s a group. Infinities and NaN make
/// NaN.
final class VarianceAccumulator extends Accumulator {
    private static final MathContext DIGITS = new MathContext(40, RoundingMode.HALF_EVEN);

    private final int argument;
    private final Function function;
    private final int scale;
    private final SlotObjects sums = new SlotObjects();
    private final SlotObjects squares = new SlotObjects();

    VarianceAccumulator(AggregateCall call) {
        argument = call.argument();
        function = call.function();
        scale = call.type().scale();
    }

    @Override
    int words() {
        return 2;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        Column column = input.column(argument);
        for (int row = 0; row < count; row++) {
            long weight = weights[row];
            if (weight == 0 || column.isNull(row)) {
                continue;
            }
            int slot = slots[row];
            int word = slot * groups.stride() + at;
            BigDecimal value;
            switch (column) {
                case LongColumn longs -> value = BigDecimal.valueOf(longs.get(row));
                case DoubleColumn doubles -> {
                    if (!Double.isFinite(doubles.get(row))) {
                        groups.words()[word + 1] += weight;
                        continue;
                    }
                    value = new BigDecimal(doubles.get(row));
                }
                case ObjectColumn objects -> value = (BigDecimal) objects.get(row);
                case BytesColumn bytes -> throw new IllegalArgumentException(function + " needs numbers: " + bytes);
            }
            groups.words()[word] += weight;
            BigDecimal weighted = value.multiply(BigDecimal.valueOf(weight));
            add(sums, slot, weighted);
            add(squares, slot, weighted.multiply(value));
        }
    }

    private static void add(SlotObjects target, int slot, BigDecimal value) {
        BigDecimal sum = get(target, slot).add(value);
        target.set(slot, sum.signum() == 0 ? null : sum);
    }

    private static BigDecimal get(SlotObjects source, int slot) {
        BigDecimal sum = (BigDecimal) source.get(slot);
        return sum == null ? BigDecimal.ZERO : sum;
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        boolean sample = function == Function.VAR_SAMP || function == Function.STDDEV_SAMP;
        boolean root = function == Function.STDDEV_POP || function == Function.STDDEV_SAMP;
        for (int i = 0; i < count; i++) {
            int word = slots[i] * groups.stride() + at;
            long finite = groups.words()[word];
            long others = groups.words()[word + 1];
            if (finite + others <= (sample ? 1 : 0)) {
                target.appendNull();
                continue;
            }
            double variance = Double.NaN;
            if (others == 0) {
                BigDecimal n = BigDecimal.valueOf(finite);
                BigDecimal sum = get(sums, slots[i]);
                BigDecimal numerator = n.multiply(get(squares, slots[i])).subtract(sum.multiply(sum));
                BigDecimal divisor = n.multiply(BigDecimal.valueOf(sample ? finite - 1 : finite));
                variance = numerator.divide(divisor, DIGITS).doubleValue();
            }
            double result = root ? Math.sqrt(variance) : variance;
            switch (target) {
                case DoubleColumn doubles -> doubles.append(result);
                case ObjectColumn objects ->
                    objects.append(new BigDecimal(result).setScale(scale, RoundingMode.HALF_UP));
                case LongColumn longs -> longs.append(Math.round(result));
                case BytesColumn bytes -> throw new IllegalStateException("a variance is a number: " + bytes);
            }
        }
    }

    @Override
    boolean isEmpty(RowTable groups, int slot) {
        return super.isEmpty(groups, slot) && sums.get(slot) == null && squares.get(slot) == null;
    }

    @Override
    void drop(RowTable groups, int slot) {
        if (sums.get(slot) != null) {
            sums.set(slot, null);
        }
        if (squares.get(slot) != null) {
            squares.set(slot, null);
        }
    }

    @Override
    long extraBytes() {
        return sums.bytes() + squares.bytes();
    }

    @Override
    void save(DataOutput out) throws IOException {
        sums.save(out);
        squares.save(out);
    }

    @Override
    void restore(DataInput in) throws IOException {
        sums.restore(in);
        squares.restore(in);
    }
}
