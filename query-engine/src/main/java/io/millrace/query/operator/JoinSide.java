package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.Waterline;
import io.millrace.query.state.RowTable;
import io.millrace.query.state.TimePanes;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The rows of one side of a join, in a list for each key.
///
/// Payload of a row: weight, next and previous in the key's list, key; where needed matches, mark of the phase,
/// matches then. Where nothing is taken back rows need not be found again, so there is no hash index over them.
final class JoinSide {
    static final int WEIGHT = 0;
    static final int NEXT = 1; // slot + 1
    static final int PREVIOUS = 2; // slot + 1
    static final int KEY = 3;
    static final int MATCHES = 4; // Σ weight of the other side's rows that match; only for residual outer joins
    static final int MARK = 5;
    static final int OLD_MATCHES = 6;

    final int[] columns;
    final RowTable rows;
    final boolean indexed;
    final boolean preserved;
    private final boolean countsMatches;

    /// Place of this side's words within a key's row: first row + 1, Σ weight, mark of the phase, Σ weight
    /// then.
    final int keyWords;

    private final int timeColumn;
    private final @Nullable Waterline waterline;
    private final @Nullable TimePanes panes;

    /// @param preserved whether rows without match are part of the result, or the reverse
    /// @param countsMatches whether each row needs its own count of matches
    JoinSide(
            Schema schema,
            boolean appendOnly,
            boolean preserved,
            boolean countsMatches,
            int keyWords,
            int timeColumn,
            @Nullable Waterline waterline) {
        columns = Operator.allColumns(schema);
        indexed = !appendOnly;
        rows = new RowTable(Operator.types(schema, columns), false, countsMatches ? 7 : 4, indexed);
        this.countsMatches = countsMatches;
        this.preserved = preserved;
        this.keyWords = keyWords;
        this.timeColumn = timeColumn;
        this.waterline = waterline;
        panes = waterline == null ? null : new TimePanes(AggregateOperator.PANE_SHIFT);
    }

    void encode(Batch delta) {
        rows.encode(delta, columns);
    }

    /// Adds `weight` of an encoded row to the list of `key`.
    void add(RowTable keys, int key, int row, long weight, long matches) {
        int slot = indexed ? rows.findOrAdd(row) : rows.append(row);
        if (!indexed || rows.added()) {
            int first = (int) keys.payload(key, keyWords);
            rows.setPayload(slot, NEXT, first);
            rows.setPayload(slot, KEY, key);
            if (countsMatches) {
                rows.setPayload(slot, MATCHES, matches);
            }
            if (first != 0) {
                rows.setPayload(first - 1, PREVIOUS, slot + 1L);
            }
            keys.setPayload(key, keyWords, slot + 1L);
            if (panes != null && !rows.isNull(slot, timeColumn)) {
                panes.add(slot, rows.longAt(slot, timeColumn));
            }
        }
        long sum = rows.payload(slot, WEIGHT) + weight;
        rows.setPayload(slot, WEIGHT, sum);
        if (sum == 0) {
            if (panes != null && !rows.isNull(slot, timeColumn)) {
                panes.remove(slot, rows.longAt(slot, timeColumn));
            }
            unlink(keys, slot);
        }
    }

    private void unlink(RowTable keys, int slot) {
        int next = (int) rows.payload(slot, NEXT);
        int previous = (int) rows.payload(slot, PREVIOUS);
        if (next != 0) {
            rows.setPayload(next - 1, PREVIOUS, previous);
        }
        if (previous != 0) {
            rows.setPayload(previous - 1, NEXT, next);
        } else {
            keys.setPayload((int) rows.payload(slot, KEY), keyWords, next);
        }
        rows.remove(slot);
    }

    /// Drops the rows below this side's own waterline. @param emptied gets the keys that lost a row
    void dropBelow(RowTable keys, long[] watermarks, TimePanes.Dropper emptied) {
        if (panes == null || waterline == null) {
            return;
        }
        long limit = waterline.at(watermarks);
        if (limit == Waterline.NONE) {
            return;
        }
        panes.dropBelow(limit, slot -> {
            int key = (int) rows.payload(slot, KEY);
            keys.setPayload(key, keyWords + 1, keys.payload(key, keyWords + 1) - rows.payload(slot, WEIGHT));
            unlink(keys, slot);
            emptied.drop(key);
        });
    }

    /// Drops all rows of a key that is about to be removed.
    void dropKey(RowTable keys, int key) {
        int slot = (int) keys.payload(key, keyWords) - 1;
        while (slot >= 0) {
            int next = (int) rows.payload(slot, NEXT) - 1;
            if (panes != null && !rows.isNull(slot, timeColumn)) {
                panes.remove(slot, rows.longAt(slot, timeColumn));
            }
            rows.remove(slot);
            slot = next;
        }
        keys.setPayload(key, keyWords, 0);
    }

    long bytes() {
        return rows.bytes() + (panes == null ? 0 : panes.bytes());
    }

    void save(DataOutput out) throws IOException {
        rows.save(out);
        if (panes != null) {
            panes.save(out);
        }
    }

    void restore(DataInput in) throws IOException {
        rows.restore(in);
        if (panes != null) {
            panes.restore(in);
        }
    }
}
