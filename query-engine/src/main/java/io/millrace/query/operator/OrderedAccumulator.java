package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Column;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.ObjectColumn;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.AggregateCall.Function;
import io.millrace.query.state.OrderedForest;
import io.millrace.query.state.RowTable;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// MIN, MAX, ANY_VALUE, ARRAY_AGG and SINGLE_VALUE from each group's ordered multiset of values.
///
/// State: a row of about 5 words and 8 bytes of tree for each distinct value of a group; O(log n) a change. One
/// word a group: the tree's root + 1. Values of negative weight are in the tree too, and count as absent.
final class OrderedAccumulator extends Accumulator {
    private final int argument;
    private final Function function;
    private final boolean withNulls;
    private final RowTable values;
    private final OrderedForest forest;
    private final OrderedForest.Walk walk;
    private int[] one = new int[1];

    OrderedAccumulator(AggregateCall call, ColumnType type) {
        argument = call.argument();
        function = call.function();
        withNulls = function == Function.ARRAY_AGG || function == Function.SINGLE_VALUE;
        values = new RowTable(List.of(type), true, 1, true);
        forest = new OrderedForest((slot, other) -> values.compare(slot, other, 0));
        walk = forest.new Walk();
    }

    @Override
    int words() {
        return 1;
    }

    @Override
    void add(RowTable groups, int[] slots, long[] weights, Batch input, int count) {
        Column column = input.column(argument);
        values.encode(input, new int[] {argument}, slots);
        for (int row = 0; row < count; row++) {
            if (weights[row] == 0 || (column.isNull(row) && !withNulls)) {
                continue;
            }
            int word = slots[row] * groups.stride() + at;
            int root = (int) groups.words()[word] - 1;
            int value = values.findOrAdd(row);
            if (values.added()) {
                root = forest.insert(root, value);
            }
            long weight = values.payload(value, 0) + weights[row];
            values.setPayload(value, 0, weight);
            if (weight == 0) {
                root = forest.remove(root, value);
                values.remove(value);
            }
            groups.words()[word] = root + 1;
        }
    }

    @Override
    boolean canFail() {
        return function == Function.SINGLE_VALUE;
    }

    @Override
    @Nullable
    String failure(RowTable groups, int slot) {
        int root = (int) groups.words()[slot * groups.stride() + at] - 1;
        if (function != Function.SINGLE_VALUE || root == OrderedForest.EMPTY) {
            return null;
        }
        long found = 0;
        walk.begin(root);
        for (int value = walk.next(); value != OrderedForest.EMPTY && found <= 1; value = walk.next()) {
            found += Math.max(0, values.payload(value, 0));
        }
        return found <= 1 ? null : "a subquery that must give one row gave more";
    }

    @Override
    void append(RowTable groups, int[] slots, int count, Column target) {
        for (int i = 0; i < count; i++) {
            int root = (int) groups.words()[slots[i] * groups.stride() + at] - 1;
            int best = function == Function.MAX ? largest(root) : smallest(root);
            if (best == OrderedForest.EMPTY) {
                target.appendNull();
            } else if (function == Function.ARRAY_AGG) {
                List<@Nullable Object> list = new ArrayList<>();
                walk.begin(root);
                for (int value = walk.next(); value != OrderedForest.EMPTY; value = walk.next()) {
                    for (long copy = 0; copy < values.payload(value, 0); copy++) {
                        list.add(values.boxedAt(value, 0));
                    }
                }
                ((ObjectColumn) target).append(Collections.unmodifiableList(list));
            } else {
                one[0] = best;
                values.appendColumn(0, one, 1, target);
            }
        }
    }

    private int smallest(int root) {
        walk.begin(root);
        int value = walk.next();
        while (value != OrderedForest.EMPTY && values.payload(value, 0) < 0) {
            value = walk.next();
        }
        return value;
    }

    private int largest(int root) {
        int last = forest.last(root);
        if (last == OrderedForest.EMPTY || values.payload(last, 0) > 0) {
            return last;
        }
        int best = OrderedForest.EMPTY;
        walk.begin(root);
        for (int value = walk.next(); value != OrderedForest.EMPTY; value = walk.next()) {
            best = values.payload(value, 0) > 0 ? value : best;
        }
        return best;
    }

    @Override
    void drop(RowTable groups, int slot) {
        int root = (int) groups.words()[slot * groups.stride() + at] - 1;
        int[] found = new int[16];
        int count = 0;
        walk.begin(root);
        for (int value = walk.next(); value != OrderedForest.EMPTY; value = walk.next()) {
            if (count == found.length) {
                found = java.util.Arrays.copyOf(found, count * 2);
            }
            found[count++] = value;
        }
        for (int i = 0; i < count; i++) {
            values.remove(found[i]);
        }
    }

    @Override
    long extraBytes() {
        return values.bytes() + forest.bytes();
    }

    @Override
    long extraRows() {
        return values.size();
    }

    @Override
    void save(DataOutput out) throws IOException {
        values.save(out);
        forest.save(out);
    }

    @Override
    void restore(DataInput in) throws IOException {
        values.restore(in);
        forest.restore(in);
    }
}
