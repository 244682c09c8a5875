package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType.Storage;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/// State of one aggregate for all groups: some words in each group's row, and what does not fit there.
///
/// All are exact functions of the multiset of values, so the result depends neither on order nor on cuts, and
/// every value can be taken back.
abstract class Accumulator {
    /// Place of this accumulator's first word within a group's row.
    int at;

    /// Words needed in a group's row. They are 0 in a new group.
    abstract int words();

    /// Adds rows; those of weight 0 are to be ignored.
    ///
    /// @param slots the group of each row
    abstract void add(RowTable groups, int[] slots, long[] weights, Batch input, int count);

    /// Appends the results of the groups `slots`.
    abstract void append(RowTable groups, int[] slots, int count, Column target);

    /// Whether nothing is held for the group.
    boolean isEmpty(RowTable groups, int slot) {
        long[] words = groups.words();
        int start = slot * groups.stride() + at;
        for (int word = start; word < start + words(); word++) {
            if (words[word] != 0) {
                return false;
            }
        }
        return true;
    }

    /// Why the group has no result; null when it has one.
    @org.jspecify.annotations.Nullable
    String failure(RowTable groups, int slot) {
        return null;
    }

    /// Whether [#failure] can ever say something.
    boolean canFail() {
        return false;
    }

    /// Forgets the group, whose row is about to be removed.
    void drop(RowTable groups, int slot) {
        // the words go with the row
    }

    long extraBytes() {
        return 0;
    }

    long extraRows() {
        return 0;
    }

    void save(DataOutput out) throws IOException {
        // the words are saved with the rows
    }

    void restore(DataInput in) throws IOException {
        // the words are restored with the rows
    }

    /// @param argument type of the argument column, of any type for COUNT(*)
    /// @param appendOnly whether no weight will ever be negative
    static Accumulator create(AggregateCall call, ColumnType argument, boolean appendOnly) {
        Storage storage = argument.type().storage();
        return switch (call.function()) {
            case COUNT -> new CountAccumulator(call.argument());
            case SUM, SUM0, AVG ->
                switch (storage) {
                    case LONG -> new LongSumAccumulator(call);
                    case DOUBLE -> new DoubleSumAccumulator(call);
                    case OBJECT -> new DecimalSumAccumulator(call);
                    case BYTES ->
                        throw new IllegalArgumentException(call.function() + " needs numbers, found " + argument);
                };
            case MIN, MAX, ANY_VALUE ->
                appendOnly
                        ? new ExtremeAccumulator(call.argument(), call.function() == Function.MAX, storage)
                        : new OrderedAccumulator(call, argument);
            case ARRAY_AGG, SINGLE_VALUE -> new OrderedAccumulator(call, argument);
            case VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP -> new VarianceAccumulator(call);
            case BOOL_AND, BOOL_OR -> new BooleanAccumulator(call.argument(), call.function() == Function.BOOL_AND);
        };
    }
}
