package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.Schema;
import io.millrace.query.expression.CompiledCalc.Failures;
import io.millrace.query.plan.AggregateCall;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import io.millrace.query.state.TimePanes;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// GROUP BY: `acc⁺ = acc⁻ + Σ w·f(row)` for each group in `Δ`; out = −old row, +new row, where they differ.
///
/// A group has a row while `Σ w > 0`; without keys there is exactly one, always. A group for which an aggregate
/// fails (a sum too large for BIGINT) has no row for as long as that is so.
///
/// State: one row of `keys + 2 + aggregates` words for each group, found by hash, plus what the aggregates say
/// of themselves. With a waterline on a key, groups below it are dropped, pane by pane. A step costs one lookup
/// for each run of equal keys and one tight loop for each aggregate.
public final class AggregateOperator extends Operator {
    private static final int TOTAL = 0;
    private static final int TOUCHED = 1;
    private static final int OWN_WORDS = 2;

    private final int[] keys;
    private final RowTable groups;
    private final Accumulator[] accumulators;
    private final int[] filters;
    private final int[] distinctOf;
    private final DistinctWeights[] distincts;
    private final int[] distinctFilters;
    private final boolean canFail;
    private final Schema keySchema;
    private final Failures failures;
    private final int paneKey;
    private final @Nullable Waterline waterline;
    private final @Nullable TimePanes panes;

    private long stepNumber;
    private int[] slots = new int[0];
    private int[] touched = new int[64];
    private int touchedCount;
    private long[] filtered = new long[0];
    private long[][] changes;
    private final Batch before;
    private final Batch after;
    private int[] beforeRow = new int[0];
    private int[] afterRow = new int[0];
    private int[] live = new int[0];
    private int[] emitSlots = new int[0];
    private int[] emitFrom = new int[0];

    /// @param paneKey index in `keys` of the key that `waterline` bounds, −1 for none
    /// @param appendOnly whether the input never takes rows back
    public AggregateOperator(
            Schema schema,
            Operator input,
            int[] keys,
            List<AggregateCall> calls,
            boolean appendOnly,
            int paneKey,
            @Nullable Waterline waterline,
            Failures failures) {
        super(schema, List.of(input));
        this.keys = keys.clone();
        this.failures = failures;
        this.paneKey = paneKey;
        this.waterline = waterline;
        panes = waterline == null ? null : new TimePanes(AggregateOperator.PANE_SHIFT);
        accumulators = new Accumulator[calls.size()];
        filters = new int[calls.size()];
        distinctOf = new int[calls.size()];
        List<int[]> distinctKeys = new ArrayList<>();
        int word = OWN_WORDS;
        for (int i = 0; i < accumulators.length; i++) {
            AggregateCall call = calls.get(i);
            var argument = call.argument() < 0
                    ? io.millrace.query.data.ColumnType.of(io.millrace.query.data.SqlType.NULL)
                    : input.schema().type(call.argument());
            distinctOf[i] = call.distinct() && call.argument() >= 0 ? distinct(distinctKeys, call) : -1;
            boolean total = call.function() == AggregateCall.Function.COUNT && call.argument() < 0 && call.filter() < 0;
            accumulators[i] = total ? new TotalAccumulator() : Accumulator.create(call, argument, appendOnly);
            accumulators[i].at = total ? TOTAL : word;
            word += accumulators[i].words();
            filters[i] = call.filter();
        }
        groups = new RowTable(types(input.schema(), keys), false, word + distinctKeys.size(), true);
        boolean anyFails = false;
        for (Accumulator accumulator : accumulators) {
            accumulator.at += groups.payloadAt();
            anyFails |= accumulator.canFail();
        }
        canFail = anyFails;
        keySchema = new Schema(schema.columns().subList(0, keys.length));
        distincts = new DistinctWeights[distinctKeys.size()];
        distinctFilters = new int[distincts.length];
        changes = new long[distincts.length][0];
        for (int i = 0; i < distincts.length; i++) {
            int argument = distinctKeys.get(i)[0];
            distinctFilters[i] = distinctKeys.get(i)[1];
            distincts[i] = new DistinctWeights(argument, input.schema().type(argument), groups.payloadAt() + word + i);
        }
        List<ColumnInfo> results = schema.columns().subList(keys.length, schema.size());
        before = new Batch(new Schema(results));
        after = new Batch(new Schema(results));
    }

    /// Panes of about a second: windows are never finer in practice, and raw times share panes.
    static final int PANE_SHIFT = 10;

    private static int distinct(List<int[]> known, AggregateCall call) {
        for (int i = 0; i < known.size(); i++) {
            if (known.get(i)[0] == call.argument() && known.get(i)[1] == call.filter()) {
                return i;
            }
        }
        known.add(new int[] {call.argument(), call.filter()});
        return known.size() - 1;
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        stepNumber++;
        touchedCount = 0;
        boolean bare = keys.length == 0;
        if (input.count() > 0 || (bare && context.first())) {
            assignGroups(input, bare && context.first());
            int had = bare && context.first() ? 0 : snapshot(before, true);
            accumulate(input);
            int have = snapshot(after, false);
            emit(had, have);
            forgetEmpty();
        }
        if (panes != null && waterline != null) {
            long limit = waterline.at(context.watermarks());
            if (limit != Waterline.NONE) {
                panes.dropBelow(limit, this::dropGroup);
            }
        }
    }

    private void assignGroups(Batch input, boolean firstBare) {
        int count = input.count();
        if (slots.length < count) {
            slots = new int[Math.max(count, slots.length * 2)];
        }
        if (firstBare) {
            Batch nothing = new Batch(new Schema(List.of()));
            nothing.endRow(0);
            groups.encode(nothing, keys);
            touch(groups.findOrAdd(0));
        }
        groups.encode(input, keys);
        int added = groups.findOrAddAll(count, slots);
        if (panes != null) {
            for (int i = 0; i < added; i++) {
                int slot = groups.addedSlots()[i];
                if (!groups.isNull(slot, paneKey)) {
                    panes.add(slot, groups.longAt(slot, paneKey));
                }
            }
        }
        long[] words = groups.words();
        int stride = groups.stride();
        int mark = groups.payloadAt() + TOUCHED;
        for (int row = 0; row < count; row++) {
            if (words[slots[row] * stride + mark] != stepNumber) {
                touch(slots[row]);
            }
        }
    }

    private void touch(int slot) {
        groups.setPayload(slot, TOUCHED, stepNumber);
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = slot;
    }

    /// Fills `results` with the rows of the touched groups that have one.
    ///
    /// @return their number; [#beforeRow] or [#afterRow] says for each touched group which row is its, −1 for none
    private int snapshot(Batch results, boolean isBefore) {
        if (beforeRow.length < touchedCount) {
            beforeRow = new int[touched.length];
            afterRow = new int[touched.length];
            live = new int[touched.length];
        }
        int[] rowOf = isBefore ? beforeRow : afterRow;
        int count = 0;
        for (int i = 0; i < touchedCount; i++) {
            int slot = touched[i];
            boolean exists = keys.length == 0 || groups.payload(slot, TOTAL) > 0;
            if (exists && canFail && fails(slot, isBefore ? -1 : 1)) {
                exists = false;
            }
            rowOf[i] = exists ? count : -1;
            if (exists) {
                live[count++] = slot;
            }
        }
        results.clear();
        for (int i = 0; i < accumulators.length; i++) {
            accumulators[i].append(groups, live, count, results.column(i));
        }
        return count;
    }

    /// @param weight −1 takes back what was reported when the group was last touched
    private boolean fails(int slot, long weight) {
        for (Accumulator accumulator : accumulators) {
            String reason = accumulator.failure(groups, slot);
            if (reason != null) {
                Batch key = new Batch(keySchema);
                int[] one = {slot};
                for (int i = 0; i < keys.length; i++) {
                    groups.appendColumn(i, one, 1, key.column(i));
                }
                key.endRow(weight);
                failures.failed(key, 0, reason);
                return true;
            }
        }
        return false;
    }

    private void accumulate(Batch input) {
        int count = input.count();
        long[] weights = input.weights();
        long[] words = groups.words();
        int stride = groups.stride();
        int total = groups.payloadAt() + TOTAL;
        for (int row = 0; row < count; row++) {
            words[slots[row] * stride + total] += weights[row];
        }
        for (int i = 0; i < distincts.length; i++) {
            if (changes[i].length < count) {
                changes[i] = new long[Math.max(count, changes[i].length * 2)];
            }
            distincts[i].apply(groups, slots, filter(input, distinctFilters[i]), input, count, changes[i]);
        }
        for (int i = 0; i < accumulators.length; i++) {
            long[] effective = distinctOf[i] >= 0 ? changes[distinctOf[i]] : filter(input, filters[i]);
            accumulators[i].add(groups, slots, effective, input, count);
        }
    }

    /// The weights, with 0 where the filter is not true. Valid until the next call.
    private long[] filter(Batch input, int column) {
        if (column < 0) {
            return input.weights();
        }
        int count = input.count();
        if (filtered.length < count) {
            filtered = new long[Math.max(count, filtered.length * 2)];
        }
        LongColumn flags = input.longs(column);
        for (int row = 0; row < count; row++) {
            filtered[row] = !flags.isNull(row) && flags.get(row) != 0 ? input.weight(row) : 0;
        }
        return filtered;
    }

    private void emit(int had, int have) {
        boolean hadNone = had == 0;
        if (emitSlots.length < had + have) {
            emitSlots = new int[(had + have) * 2];
            emitFrom = new int[(had + have) * 2];
        }
        int count = 0;
        for (int i = 0; i < touchedCount; i++) {
            int old = hadNone ? -1 : beforeRow[i];
            int fresh = afterRow[i];
            if (old >= 0 && fresh >= 0 && sameResults(old, fresh)) {
                continue;
            }
            if (old >= 0) {
                emitSlots[count] = touched[i];
                emitFrom[count++] = ~old;
            }
            if (fresh >= 0) {
                emitSlots[count] = touched[i];
                emitFrom[count++] = fresh;
            }
        }
        for (int i = 0; i < keys.length; i++) {
            groups.appendColumn(i, emitSlots, count, owned.column(i));
        }
        for (int i = 0; i < accumulators.length; i++) {
            var target = owned.column(keys.length + i);
            for (int row = 0; row < count; row++) {
                int from = emitFrom[row];
                target.appendFrom(from < 0 ? before.column(i) : after.column(i), from < 0 ? ~from : from);
            }
        }
        for (int row = 0; row < count; row++) {
            owned.endRow(emitFrom[row] < 0 ? -1 : 1);
        }
    }

    private boolean sameResults(int old, int fresh) {
        for (int i = 0; i < accumulators.length; i++) {
            if (!before.column(i).sameAs(old, after.column(i), fresh)) {
                return false;
            }
        }
        return true;
    }

    private void forgetEmpty() {
        if (keys.length == 0) {
            return;
        }
        for (int i = 0; i < touchedCount; i++) {
            int slot = touched[i];
            if (groups.payload(slot, TOTAL) == 0 && isEmpty(slot)) {
                if (panes != null && !groups.isNull(slot, paneKey)) {
                    panes.remove(slot, groups.longAt(slot, paneKey));
                }
                dropGroup(slot);
            }
        }
    }

    private boolean isEmpty(int slot) {
        for (Accumulator accumulator : accumulators) {
            if (!accumulator.isEmpty(groups, slot)) {
                return false;
            }
        }
        for (DistinctWeights distinct : distincts) {
            if (!distinct.isEmpty(groups, slot)) {
                return false;
            }
        }
        return true;
    }

    private void dropGroup(int slot) {
        for (Accumulator accumulator : accumulators) {
            accumulator.drop(groups, slot);
        }
        for (DistinctWeights distinct : distincts) {
            distinct.drop(groups, slot);
        }
        groups.remove(slot);
    }

    @Override
    public boolean consolidated() {
        return true;
    }

    @Override
    public long stateRows() {
        long rows = groups.size();
        for (Accumulator accumulator : accumulators) {
            rows += accumulator.extraRows();
        }
        for (DistinctWeights distinct : distincts) {
            rows += distinct.rows();
        }
        return rows;
    }

    @Override
    public long stateBytes() {
        long bytes = groups.bytes() + (panes == null ? 0 : panes.bytes());
        for (Accumulator accumulator : accumulators) {
            bytes += accumulator.extraBytes();
        }
        for (DistinctWeights distinct : distincts) {
            bytes += distinct.bytes();
        }
        return bytes;
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(stepNumber);
        groups.save(out);
        for (Accumulator accumulator : accumulators) {
            accumulator.save(out);
        }
        for (DistinctWeights distinct : distincts) {
            distinct.save(out);
        }
        if (panes != null) {
            panes.save(out);
        }
    }

    @Override
    public void restore(DataInput in) throws IOException {
        stepNumber = in.readLong();
        groups.restore(in);
        for (Accumulator accumulator : accumulators) {
            accumulator.restore(in);
        }
        for (DistinctWeights distinct : distincts) {
            distinct.restore(in);
        }
        if (panes != null) {
            panes.restore(in);
        }
    }
}
