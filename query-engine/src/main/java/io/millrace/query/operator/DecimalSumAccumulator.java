package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.DoubleColumn;
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

/// SUM, SUM0 and AVG of decimals, exact. One word and one `BigDecimal` a group.
///
/// AVG is rounded half up to the scale of its type; as a DOUBLE it is the quotient rounded once.
final class DecimalSumAccumulator extends Accumulator {
    private final int argument;
    private final Function function;
    private final int scale;
    private final SlotObjects sums = new SlotObjects();

    DecimalSumAccumulator(AggregateCall call) {
        argument = call.argument();
        function = call.function();
        scale = call.type().scale();
    }

    @Override
    int words() {
        return 1;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        ObjectColumn column = input.objects(argument);
        for (int row = 0; row < count; row++) {
            long weight = weights[row];
            if (weight == 0 || column.isNull(row)) {
                continue;
            }
            groups.words()[slots[row] * groups.stride() + at] += weight;
            BigDecimal value = (BigDecimal) column.get(row);
            BigDecimal sum = sum(slots[row]).add(weight == 1 ? value : value.multiply(BigDecimal.valueOf(weight)));
            sums.set(slots[row], sum.signum() == 0 ? null : sum);
        }
    }

    private BigDecimal sum(int slot) {
        BigDecimal sum = (BigDecimal) sums.get(slot);
        return sum == null ? BigDecimal.ZERO : sum;
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        for (int i = 0; i < count; i++) {
            long values = groups.words()[slots[i] * groups.stride() + at];
            BigDecimal sum = sum(slots[i]);
            if (values == 0 && function != Function.SUM0) {
                target.appendNull();
            } else if (target instanceof DoubleColumn doubles) {
                doubles.append(
                        function == Function.AVG
                                ? sum.divide(BigDecimal.valueOf(values), MathContext.DECIMAL128)
                                        .doubleValue()
                                : sum.doubleValue());
            } else if (function == Function.AVG) {
                ((ObjectColumn) target).append(sum.divide(BigDecimal.valueOf(values), scale, RoundingMode.HALF_UP));
            } else {
                ((ObjectColumn) target).append(sum.setScale(Math.max(scale, sum.scale())));
            }
        }
    }

    @Override
    boolean isEmpty(RowTable groups, int slot) {
        return super.isEmpty(groups, slot) && sums.get(slot) == null;
    }

    @Override
    void drop(RowTable groups, int slot) {
        if (sums.get(slot) != null) {
            sums.set(slot, null);
        }
    }

    @Override
    long extraBytes() {
        return sums.bytes();
    }

    @Override
    void save(DataOutput out) throws IOException {
        sums.save(out);
    }

    @Override
    void restore(DataInput in) throws IOException {
        sums.restore(in);
    }
}
