package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.LongColumn;
import io.millrace.query.data.Schema;
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

/// Sessions: rows of a partition whose times are less than the gap apart, in a chain; `[first, last + gap)`.
///
/// The sessions that `Δ` touches are those reached from its times by steps shorter than the gap. out = −(their
/// rows with the old bounds) + (the rows there now, with the new bounds), consolidated. A step costs O(rows of
/// the touched sessions).
///
/// State: each row with 1 word and a tree entry, each partition with 3 words. Sessions that end at or below the
/// waterline of the time cannot grow any more and are dropped. Rows without time belong to no session.
public final class SessionOperator extends Operator {
    private static final int DELTA = 0; // first row of the change + 1, in this step
    private static final int ROOT = 1; // slot + 1
    private static final int DUE = 2; // time in the panes
    private static final int IN_PANES = 3;

    private final int timeColumn;
    private final int[] partitionKeys;
    private final long gapMs;
    private final int[] columns;
    private final RowTable partitions;
    private final RowTable rows;
    private final OrderedForest forest;
    private final OrderedForest.Walk walk;
    private final @Nullable Waterline waterline;
    private final TimePanes panes = new TimePanes(AggregateOperator.PANE_SHIFT);

    /// Rows of negative weight, which are in no tree.
    private final TimePanes absent = new TimePanes(AggregateOperator.PANE_SHIFT);
    private final Batch changes;
    private final Consolidator consolidator;

    private int[] touched = new int[64];
    private int touchedCount;
    private int[] nextRow = new int[0];
    private long[] times = new long[64];
    private long[] from = new long[64];
    private long[] to = new long[64];
    private int[] session = new int[64];
    private final int[] one = new int[1];

    public SessionOperator(
            Schema schema,
            Operator input,
            int timeColumn,
            int[] partitionKeys,
            long gapMs,
            @Nullable Waterline waterline) {
        super(schema, List.of(input));
        if (gapMs <= 0) {
            throw new IllegalArgumentException("a session needs a gap above 0, found " + gapMs + " ms");
        }
        this.timeColumn = timeColumn;
        this.partitionKeys = partitionKeys.clone();
        this.gapMs = gapMs;
        this.waterline = waterline;
        columns = allColumns(input.schema());
        partitions = new RowTable(types(input.schema(), this.partitionKeys), false, 4, true);
        rows = new RowTable(types(input.schema(), columns), false, 1, true);
        forest = new OrderedForest(this::compare);
        walk = forest.new Walk();
        changes = new Batch(schema);
        consolidator = new Consolidator(schema);
    }

    private int compare(int slot, int other) {
        int result = Long.compare(time(slot), time(other));
        for (int i = 0; result == 0 && i < columns.length; i++) {
            result = rows.compare(slot, other, i);
        }
        return result;
    }

    private long time(int slot) {
        return rows.longAt(slot, timeColumn);
    }

    @Override
    void step(StepContext context) {
        Batch input = input();
        if (input.count() > 0) {
            changes.clear();
            splitByPartition(input);
            rows.encode(input, columns);
            for (int i = 0; i < touchedCount; i++) {
                change(touched[i], input);
            }
            consolidator.consolidate(changes, owned);
        }
        if (waterline != null) {
            long limit = waterline.at(context.watermarks());
            if (limit != Waterline.NONE) {
                panes.dropBelow(limit, partition -> dropClosed(partition, limit));
                absent.dropBelow(limit, rows::remove);
            }
        }
    }

    /// Chains the rows of each partition; [#DELTA] is the head.
    private void splitByPartition(Batch input) {
        int count = input.count();
        touchedCount = 0;
        if (nextRow.length < count) {
            nextRow = new int[Math.max(count, nextRow.length * 2)];
        }
        LongColumn time = input.longs(timeColumn);
        partitions.encode(input, partitionKeys);
        for (int row = 0; row < count; row++) {
            if (time.isNull(row) || input.weight(row) == 0) {
                continue;
            }
            int partition = partitions.findOrAdd(row);
            int head = (int) partitions.payload(partition, DELTA);
            if (head == 0) {
                if (touchedCount == touched.length) {
                    touched = Arrays.copyOf(touched, touchedCount * 2);
                }
                touched[touchedCount++] = partition;
            }
            nextRow[row] = head - 1;
            partitions.setPayload(partition, DELTA, row + 1L);
        }
    }

    private void change(int partition, Batch input) {
        int head = (int) partitions.payload(partition, DELTA) - 1;
        partitions.setPayload(partition, DELTA, 0);
        int root = (int) partitions.payload(partition, ROOT) - 1;
        int count = 0;
        for (int row = head; row >= 0; row = nextRow[row]) {
            if (count == times.length) {
                times = Arrays.copyOf(times, count * 2);
                from = Arrays.copyOf(from, count * 2);
                to = Arrays.copyOf(to, count * 2);
            }
            times[count++] = input.longs(timeColumn).get(row);
        }
        int intervals = intervals(root, count);
        for (int i = 0; i < intervals; i++) {
            emit(root, from[i], to[i], -1);
        }
        for (int row = head; row >= 0; row = nextRow[row]) {
            root = apply(root, row, input.weight(row));
        }
        for (int i = 0; i < intervals; i++) {
            emit(root, from[i], to[i], 1);
        }
        partitions.setPayload(partition, ROOT, root + 1L);
        boolean inPanes = partitions.payload(partition, IN_PANES) != 0;
        if (root == OrderedForest.EMPTY) {
            if (inPanes) {
                panes.remove(partition, partitions.payload(partition, DUE));
            }
            partitions.remove(partition);
        } else if (waterline != null && !inPanes) {
            putInPanes(partition, time(forest.first(root)) + gapMs);
        }
    }

    private void putInPanes(int partition, long due) {
        partitions.setPayload(partition, DUE, due);
        partitions.setPayload(partition, IN_PANES, 1);
        panes.add(partition, due);
    }

    /// Finds the stretches of time whose sessions may change: the times and all rows that chains reach from
    /// them.
    private int intervals(int root, int count) {
        Arrays.sort(times, 0, count);
        int intervals = 0;
        for (int i = 0; i < count; i++) {
            long time = times[i];
            if (intervals > 0 && time <= to[intervals - 1]) {
                continue;
            }
            long low = chainLeft(root, time);
            long high = chainRight(root, time);
            if (intervals > 0 && low - to[intervals - 1] < gapMs) {
                to[intervals - 1] = Math.max(to[intervals - 1], high);
            } else {
                from[intervals] = low;
                to[intervals++] = high;
            }
        }
        return intervals;
    }

    private long chainLeft(int root, long time) {
        long low = time;
        while (true) {
            int best = OrderedForest.EMPTY;
            for (int slot = root; slot != OrderedForest.EMPTY; ) {
                if (time(slot) < low) {
                    best = slot;
                    slot = forest.right(slot);
                } else {
                    slot = forest.left(slot);
                }
            }
            if (best == OrderedForest.EMPTY || low - time(best) >= gapMs) {
                return low;
            }
            low = time(best);
        }
    }

    private long chainRight(int root, long time) {
        long high = time;
        walk.beginAfter(root, slot -> time(slot) < time);
        for (int slot = walk.next(); slot != OrderedForest.EMPTY; slot = walk.next()) {
            if (time(slot) - high >= gapMs) {
                return high;
            }
            high = time(slot);
        }
        return high;
    }

    private int apply(int root, int row, long weight) {
        int slot = rows.findOrAdd(row);
        long before = rows.payload(slot, 0);
        long after = before + weight;
        rows.setPayload(slot, 0, after);
        int result = root;
        if (before <= 0 && after > 0) {
            result = forest.insert(root, slot);
        } else if (before > 0 && after <= 0) {
            result = forest.remove(root, slot);
        }
        if (waterline != null && before < 0 && after >= 0) {
            absent.remove(slot, time(slot));
        } else if (waterline != null && before >= 0 && after < 0) {
            absent.add(slot, time(slot));
        }
        if (after == 0) {
            rows.remove(slot);
        }
        return result;
    }

    private void emit(int root, long low, long high, int sign) {
        int size = 0;
        long last = 0;
        walk.beginAfter(root, slot -> time(slot) < low);
        for (int slot = walk.next(); slot != OrderedForest.EMPTY && time(slot) <= high; slot = walk.next()) {
            if (size > 0 && time(slot) - last >= gapMs) {
                emitSession(size, sign);
                size = 0;
            }
            if (size == session.length) {
                session = Arrays.copyOf(session, size * 2);
            }
            session[size++] = slot;
            last = time(slot);
        }
        emitSession(size, sign);
    }

    private void emitSession(int size, int sign) {
        if (size == 0) {
            return;
        }
        long start = time(session[0]);
        long end = time(session[size - 1]) + gapMs;
        for (int i = 0; i < columns.length; i++) {
            rows.appendColumn(i, session, size, changes.column(i));
        }
        for (int i = 0; i < size; i++) {
            changes.longs(columns.length).append(start);
            changes.longs(columns.length + 1).append(end);
            changes.endRow(sign * rows.payload(session[i], 0));
        }
    }

    /// Drops the partition's sessions that end at or below the limit, and looks again when the next one may
    /// have.
    private void dropClosed(int partition, long limit) {
        partitions.setPayload(partition, IN_PANES, 0);
        int root = (int) partitions.payload(partition, ROOT) - 1;
        while (root != OrderedForest.EMPTY) {
            long last = chainRight(root, time(forest.first(root)));
            if (last + gapMs > limit) {
                putInPanes(partition, last + gapMs);
                break;
            }
            while (root != OrderedForest.EMPTY && time(forest.first(root)) <= last) {
                one[0] = forest.first(root);
                root = forest.remove(root, one[0]);
                rows.remove(one[0]);
            }
        }
        partitions.setPayload(partition, ROOT, root + 1L);
        if (root == OrderedForest.EMPTY) {
            partitions.remove(partition);
        }
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
        return rows.bytes() + partitions.bytes() + forest.bytes() + panes.bytes() + absent.bytes();
    }

    @Override
    public void save(DataOutput out) throws IOException {
        partitions.save(out);
        rows.save(out);
        forest.save(out);
        panes.save(out);
        absent.save(out);
    }

    @Override
    public void restore(DataInput in) throws IOException {
        partitions.restore(in);
        rows.restore(in);
        forest.restore(in);
        panes.restore(in);
        absent.restore(in);
    }
}
