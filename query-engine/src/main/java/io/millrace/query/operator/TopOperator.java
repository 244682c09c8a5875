package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.LongColumn;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.SortKey;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.OrderedForest;
import io.millrace.query.state.RowTable;
import io.millrace.query.state.TimePanes;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// TOP-N and ROW_NUMBER: out = −(rows `offset .. offset + fetch` of a partition before) + (the same after), for
/// partitions that `Δ` touches at or before the last of these rows. Ties are broken by all columns, so the
/// choice never depends on the order of arrival.
///
/// State: each row with 1 word and a tree entry, each partition with 4 words. Where nothing is taken back, rows
/// behind the last one are dropped at once. A touched partition costs O(offset + fetch) a step, or all its rows
/// when `fetch` is −1. Partitions below a waterline of a partition key are dropped.
public final class TopOperator extends Operator {
    private static final int TOUCHED = 0;
    private static final int ROOT = 1; // slot + 1
    private static final int BOUNDARY = 2; // slot + 1 of the last row of a full window, 0 when it is not full
    private static final int ROWS = 3;

    private final int[] partitionKeys;
    private final List<SortKey> order;
    private final long offset;
    private final long limit;
    private final boolean rank;
    private final boolean trims;
    private final int[] columns;
    private final RowTable partitions;
    private final RowTable rows;
    private final OrderedForest forest;
    private final OrderedForest.Walk walk;
    private final int paneKey;
    private final @Nullable Waterline waterline;
    private final @Nullable TimePanes panes;
    private final Batch changes;
    private final Consolidator consolidator;

    private long stepNumber;
    private int[] touched = new int[64];
    private int touchedCount;
    private int[] removed = new int[64];
    private final int[] one = new int[1];

    /// @param paneKey index in the partition keys of the one that `waterline` bounds, −1 for none
    public TopOperator(
            PlanNode.TopN top, Operator input, boolean appendOnly, int paneKey, @Nullable Waterline waterline) {
        super(top.schema(), List.of(input));
        partitionKeys = top.partitionKeys().clone();
        order = top.order();
        offset = top.offset();
        limit = top.fetch() < 0 ? Long.MAX_VALUE : top.offset() + top.fetch();
        rank = top.rank();
        trims = appendOnly && top.fetch() >= 0;
        columns = allColumns(input.schema());
        partitions = new RowTable(types(input.schema(), partitionKeys), false, 4, true);
        rows = new RowTable(types(input.schema(), columns), false, 1, true);
        forest = new OrderedForest(this::compare);
        walk = forest.new Walk();
        this.paneKey = paneKey;
        this.waterline = waterline;
        panes = waterline == null ? null : new TimePanes(AggregateOperator.PANE_SHIFT);
        changes = new Batch(top.schema());
        consolidator = new Consolidator(top.schema());
    }

    private int compare(int slot, int other) {
        if (slot == other) {
            return 0;
        }
        for (SortKey key : order) {
            boolean isNull = rows.isNull(slot, key.column());
            boolean otherIsNull = rows.isNull(other, key.column());
            int result;
            if (isNull || otherIsNull) {
                result = Boolean.compare(otherIsNull, isNull) * (key.nullsFirst() ? 1 : -1);
            } else {
                result = rows.compare(slot, other, key.column());
                result = key.descending() ? -result : result;
            }
            if (result != 0) {
                return result;
            }
        }
        for (int column : columns) {
            int result = rows.compare(slot, other, column);
            if (result != 0) {
                return result;
            }
        }
        return 0;
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        if (input.count() > 0) {
            stepNumber++;
            touchedCount = 0;
            changes.clear();
            apply(input);
            for (int i = 0; i < touchedCount; i++) {
                emit(touched[i], 1);
                forgetIfEmpty(touched[i]);
            }
            consolidator.consolidate(changes, owned);
        }
        if (panes != null && waterline != null) {
            long line = waterline.at(context.watermarks());
            if (line != Waterline.NONE) {
                panes.dropBelow(line, this::dropPartition);
            }
        }
    }

    private void apply(Batch input) {
        partitions.encode(input, partitionKeys);
        rows.encode(input, columns);
        for (int row = 0; row < input.count(); row++) {
            long weight = input.weight(row);
            if (weight == 0) {
                continue;
            }
            int partition = partitions.findOrAdd(row);
            if (partitions.added() && panes != null && !partitions.isNull(partition, paneKey)) {
                panes.add(partition, partitions.longAt(partition, paneKey));
            }
            int slot = rows.findOrAdd(row);
            boolean added = rows.added();
            if (partitions.payload(partition, TOUCHED) != stepNumber) {
                int boundary = (int) partitions.payload(partition, BOUNDARY) - 1;
                boolean behind = boundary >= 0 && compare(slot, boundary) > 0;
                if (behind && trims) {
                    if (added) {
                        rows.remove(slot);
                    }
                    continue;
                }
                if (!behind) {
                    touch(partition);
                }
            }
            change(partition, slot, added, weight);
        }
    }

    private void touch(int partition) {
        emit(partition, -1);
        partitions.setPayload(partition, TOUCHED, stepNumber);
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = partition;
    }

    private void change(int partition, int slot, boolean added, long weight) {
        int root = (int) partitions.payload(partition, ROOT) - 1;
        if (added) {
            root = forest.insert(root, slot);
            partitions.setPayload(partition, ROWS, partitions.payload(partition, ROWS) + 1);
        }
        long sum = rows.payload(slot, 0) + weight;
        rows.setPayload(slot, 0, sum);
        if (sum == 0) {
            root = removeRow(partition, root, slot);
        }
        partitions.setPayload(partition, ROOT, root + 1L);
    }

    private int removeRow(int partition, int root, int slot) {
        int rest = forest.remove(root, slot);
        rows.remove(slot);
        partitions.setPayload(partition, ROWS, partitions.payload(partition, ROWS) - 1);
        return rest;
    }

    /// Adds the partition's window to the changes; with sign 1 also finds its boundary and drops what lies
    /// behind.
    private void emit(int partition, int sign) {
        int root = (int) partitions.payload(partition, ROOT) - 1;
        long position = 0;
        int boundary = 0;
        int removedCount = 0;
        walk.begin(root);
        for (int slot = walk.next(); slot != OrderedForest.EMPTY; slot = walk.next()) {
            if (position >= limit) {
                if (sign < 0 || !trims) {
                    break;
                }
                if (removedCount == removed.length) {
                    removed = Arrays.copyOf(removed, removedCount * 2);
                }
                removed[removedCount++] = slot;
                continue;
            }
            long copies = Math.max(0, rows.payload(slot, 0));
            if (copies == 0) {
                continue;
            }
            long from = Math.max(position, offset);
            long to = Math.min(limit, position + copies);
            if (from < to) {
                append(slot, from, to, sign);
            }
            position += copies;
            boundary = position >= limit ? slot + 1 : 0;
        }
        if (sign > 0) {
            for (int i = 0; i < removedCount; i++) {
                root = removeRow(partition, root, removed[i]);
            }
            partitions.setPayload(partition, ROOT, root + 1L);
            partitions.setPayload(partition, BOUNDARY, boundary);
        }
    }

    private void append(int slot, long from, long to, int sign) {
        one[0] = slot;
        for (long position = from; position < to; position++) {
            for (int i = 0; i < columns.length; i++) {
                rows.appendColumn(i, one, 1, changes.column(i));
            }
            if (!rank) {
                changes.endRow(sign * (to - from));
                return;
            }
            ((LongColumn) changes.column(columns.length)).append(position + 1);
            changes.endRow(sign);
        }
    }

    private void forgetIfEmpty(int partition) {
        if (partitions.payload(partition, ROWS) == 0) {
            if (panes != null && !partitions.isNull(partition, paneKey)) {
                panes.remove(partition, partitions.longAt(partition, paneKey));
            }
            partitions.remove(partition);
        }
    }

    private void dropPartition(int partition) {
        int count = 0;
        walk.begin((int) partitions.payload(partition, ROOT) - 1);
        for (int slot = walk.next(); slot != OrderedForest.EMPTY; slot = walk.next()) {
            if (count == removed.length) {
                removed = Arrays.copyOf(removed, count * 2);
            }
            removed[count++] = slot;
        }
        for (int i = 0; i < count; i++) {
            rows.remove(removed[i]);
        }
        partitions.remove(partition);
    }

    @Override
    public boolean consolidated() {
        return true;
    }

    @Override
    public long stateRows() {
        return rows.size();
    }

    @Override
    public long stateBytes() {
        return rows.bytes() + partitions.bytes() + forest.bytes() + (panes == null ? 0 : panes.bytes());
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(stepNumber);
        partitions.save(out);
        rows.save(out);
        forest.save(out);
        if (panes != null) {
            panes.save(out);
        }
    }

    @Override
    public void restore(DataInput in) throws IOException {
        stepNumber = in.readLong();
        partitions.restore(in);
        rows.restore(in);
        forest.restore(in);
        if (panes != null) {
            panes.restore(in);
        }
    }
}
