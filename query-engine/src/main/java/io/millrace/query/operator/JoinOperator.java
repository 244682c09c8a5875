package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.expression.CompiledCalc;
import io.millrace.query.expression.CompiledCalc.Failures;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
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

/// All joins on equal keys, with a rest condition θ or without.
///
/// A step has two phases, each for the change ΔX of one side against the state Y of the other: first right
/// against left, then left against right, which by then includes its change. So the matching pairs are `A⁻ ⋈ ΔB
/// + ΔA ⋈ B⁺`, as they must be. For a preserved side the result also holds every row a with `M(a) = Σ w(b) ≤ 0`
/// over its matches b, padded with nulls. In a phase, a row of ΔX is padded or not by its own M; rows of Y
/// whose M changes sign are padded or taken back. SEMI keeps the left rows with `M > 0`, ANTI those with `M ≤
/// 0`. NULL keys match nothing and are never stored. Without θ, M belongs to the key and is kept there; with θ
/// it is kept beside each row.
///
/// State: each row of both sides with 4 words beside it (7 for outer joins with θ), and each key with 9. The
/// right side of a SEMI or ANTI join without θ keeps keys alone. Keys below a waterline of both sides are
/// dropped with all their rows; with a time bound, rows that no future row of the other side can reach.
public final class JoinOperator extends Operator {
    /// What lets rows be dropped.
    ///
    /// @param key index of the key that `keyLine` bounds, −1 for none
    /// @param leftColumn column of the left side that `leftLine` bounds
    public record Lines(
            int key,
            @Nullable Waterline keyLine,
            int leftColumn,
            @Nullable Waterline leftLine,
            int rightColumn,
            @Nullable Waterline rightLine) {}

    private static final int CHUNK = 4096;
    private static final int WORDS_OF_SIDE = 4;
    private static final int FIRST = 0;
    private static final int TOTAL = 1;
    private static final int MARK = 2;
    private static final int OLD_TOTAL = 3;

    private final JoinKind kind;
    private final int[] leftKeys;
    private final int[] rightKeys;
    private final int leftSize;
    private final @Nullable CompiledCalc residual;
    private final Failures failures;
    private final boolean emitsPairs;
    private final RowTable keys;
    private final JoinSide left;
    private final JoinSide right;
    private final Lines lines;
    private final @Nullable TimePanes keyPanes;
    private final Schema pairSchema;
    private final Batch candidates;
    private final Batch passed;
    private final Batch failed;

    private long phase;
    private int[] keyOf = new int[0];
    private long[] matches = new long[0];
    private int[] touched = new int[64];
    private int touchedCount;
    private int[] pairRows = new int[CHUNK];
    private int[] pairSlots = new int[CHUNK];
    private int pairCount;
    private int[] rows = new int[64];
    private long[] rowWeights = new long[64];
    private int rowCount;

    public JoinOperator(
            PlanNode.Join join,
            Operator left,
            Operator right,
            @Nullable CompiledCalc residual,
            Lines lines,
            boolean leftAppendOnly,
            boolean rightAppendOnly,
            Failures failures) {
        super(join.schema(), List.of(left, right));
        kind = join.kind();
        leftKeys = join.leftKeys().clone();
        rightKeys = join.rightKeys().clone();
        leftSize = left.schema().size();
        this.residual = residual;
        this.failures = failures;
        this.lines = lines;
        emitsPairs = kind != JoinKind.SEMI && kind != JoinKind.ANTI;
        for (int i = 0; i < leftKeys.length; i++) {
            var leftStorage = left.schema().type(leftKeys[i]).type().storage();
            var rightStorage = right.schema().type(rightKeys[i]).type().storage();
            if (leftStorage != rightStorage) {
                throw new IllegalArgumentException("join keys need the same type: expected "
                        + left.schema().type(leftKeys[i]) + ", found "
                        + right.schema().type(rightKeys[i]) + "; cast one side");
            }
        }
        keys = new RowTable(types(left.schema(), leftKeys), false, 2 * WORDS_OF_SIDE, true);
        boolean leftPreserved = kind != JoinKind.INNER && kind != JoinKind.RIGHT;
        boolean rightPreserved = kind == JoinKind.RIGHT || kind == JoinKind.FULL;
        this.left = new JoinSide(
                left.schema(),
                leftAppendOnly,
                leftPreserved,
                leftPreserved && residual != null,
                0,
                lines.leftColumn(),
                lines.leftLine());
        this.right = new JoinSide(
                right.schema(),
                rightAppendOnly,
                rightPreserved,
                rightPreserved && residual != null,
                WORDS_OF_SIDE,
                lines.rightColumn(),
                lines.rightLine());
        keyPanes = lines.keyLine() == null ? null : new TimePanes(AggregateOperator.PANE_SHIFT);
        List<ColumnInfo> pair = new ArrayList<>(left.schema().columns());
        pair.addAll(right.schema().columns());
        pairSchema = new Schema(pair);
        candidates = new Batch(pairSchema);
        passed = new Batch(pairSchema);
        failed = new Batch(pairSchema);
    }

    @Override
    void step(StepContext context) {
        boolean storeRight = emitsPairs || residual != null;
        phase(right, inputs.get(1).output(), rightKeys, left, storeRight);
        phase(left, inputs.get(0).output(), leftKeys, right, true);
        dropOld(context.watermarks());
    }

    private void phase(JoinSide side, Batch delta, int[] keyColumns, JoinSide other, boolean store) {
        int count = delta.count();
        if (count == 0) {
            return;
        }
        phase++;
        touchedCount = 0;
        rowCount = 0;
        if (keyOf.length < count) {
            keyOf = new int[Math.max(count, keyOf.length * 2)];
            matches = new long[keyOf.length];
        }
        keys.encode(delta, keyColumns);
        if (store) {
            side.encode(delta);
        }
        for (int row = 0; row < count; row++) {
            matches[row] = 0;
            if (keys.encodedHasNull(row)) {
                keyOf[row] = RowTable.NONE;
                continue;
            }
            int key = keys.findOrAdd(row);
            if (keys.added() && keyPanes != null) {
                keyPanes.add(key, keys.longAt(key, lines.key()));
            }
            keyOf[row] = key;
            if (emitsPairs || residual != null) {
                pairs(side, delta, row, other, key);
            }
            if (residual == null) {
                matches[row] = keys.payload(key, other.keyWords + TOTAL);
            }
        }
        flushPairs(side, delta, other);
        if (side.preserved) {
            padDelta(side, delta, count);
        }
        absorb(side, delta, count, store);
        if (other.preserved) {
            if (residual == null) {
                padKeys(side, other);
            } else {
                padRows(other);
            }
        }
        forgetEmptyKeys(count);
    }

    // --- pairs ----------------------------------------------------------------------------------------------

    private void pairs(JoinSide side, Batch delta, int row, JoinSide other, int key) {
        int slot = (int) keys.payload(key, other.keyWords + FIRST) - 1;
        while (slot >= 0) {
            pairRows[pairCount] = row;
            pairSlots[pairCount++] = slot;
            if (pairCount == CHUNK) {
                flushPairs(side, delta, other);
            }
            slot = (int) other.rows.payload(slot, JoinSide.NEXT) - 1;
        }
    }

    private void flushPairs(JoinSide side, Batch delta, JoinSide other) {
        if (pairCount == 0) {
            return;
        }
        if (residual == null) {
            appendPairs(side, delta, other, owned);
            for (int i = 0; i < pairCount; i++) {
                owned.endRow(pairWeight(delta, other, i));
            }
        } else {
            // the weight carries the pair's number through the condition
            candidates.clear();
            passed.clear();
            appendPairs(side, delta, other, candidates);
            for (int i = 0; i < pairCount; i++) {
                candidates.endRow(i + 1L);
            }
            residual.apply(candidates, passed, (pairs, i, reason) -> {
                int pair = (int) pairs.weight(i) - 1;
                failed.clear();
                failed.appendRow(pairs, i, pairWeight(delta, other, pair));
                failures.failed(failed, 0, reason);
            });
            for (int i = 0; i < passed.count(); i++) {
                int pair = (int) passed.weight(i) - 1;
                int slot = pairSlots[pair];
                int row = pairRows[pair];
                if (emitsPairs) {
                    owned.appendRow(passed, i, pairWeight(delta, other, pair));
                }
                matches[row] += other.rows.payload(slot, JoinSide.WEIGHT);
                if (other.preserved) {
                    addMatch(other, slot, delta.weight(row));
                }
            }
        }
        pairCount = 0;
    }

    private long pairWeight(Batch delta, JoinSide other, int pair) {
        return delta.weight(pairRows[pair]) * other.rows.payload(pairSlots[pair], JoinSide.WEIGHT);
    }

    private void appendPairs(JoinSide side, Batch delta, JoinSide other, Batch target) {
        int deltaAt = side == left ? 0 : leftSize;
        int otherAt = side == left ? leftSize : 0;
        for (int i = 0; i < side.columns.length; i++) {
            target.column(deltaAt + i).appendFrom(delta.column(i), pairRows, pairCount);
        }
        for (int i = 0; i < other.columns.length; i++) {
            other.rows.appendColumn(i, pairSlots, pairCount, target.column(otherAt + i));
        }
    }

    private void addMatch(JoinSide other, int slot, long weight) {
        RowTable table = other.rows;
        if (table.payload(slot, JoinSide.MARK) != phase) {
            table.setPayload(slot, JoinSide.MARK, phase);
            table.setPayload(slot, JoinSide.OLD_MATCHES, table.payload(slot, JoinSide.MATCHES));
            touch(slot);
        }
        table.setPayload(slot, JoinSide.MATCHES, table.payload(slot, JoinSide.MATCHES) + weight);
    }

    private void touch(int slot) {
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = slot;
    }

    // --- state ----------------------------------------------------------------------------------------------

    private void absorb(JoinSide side, Batch delta, int count, boolean store) {
        boolean watchKeys = residual == null && (side == left ? right : left).preserved;
        for (int row = 0; row < count; row++) {
            int key = keyOf[row];
            long weight = delta.weight(row);
            if (key == RowTable.NONE || weight == 0) {
                continue;
            }
            int at = side.keyWords;
            if (watchKeys && keys.payload(key, at + MARK) != phase) {
                keys.setPayload(key, at + MARK, phase);
                keys.setPayload(key, at + OLD_TOTAL, keys.payload(key, at + TOTAL));
                touch(key);
            }
            keys.setPayload(key, at + TOTAL, keys.payload(key, at + TOTAL) + weight);
            if (store) {
                side.add(keys, key, row, weight, matches[row]);
            }
        }
    }

    private void forgetEmptyKeys(int count) {
        for (int row = 0; row < count; row++) {
            int key = keyOf[row];
            // the same key may come twice: the second time its slot must not be looked at
            if (key != RowTable.NONE && keys.payload(key, MARK) != Long.MIN_VALUE && isEmpty(key)) {
                keys.setPayload(key, MARK, Long.MIN_VALUE);
                removeKey(key);
            }
        }
    }

    private boolean isEmpty(int key) {
        return keys.payload(key, FIRST) == 0
                && keys.payload(key, WORDS_OF_SIDE + FIRST) == 0
                && keys.payload(key, TOTAL) == 0
                && keys.payload(key, WORDS_OF_SIDE + TOTAL) == 0;
    }

    private void removeKey(int key) {
        if (keyPanes != null) {
            keyPanes.remove(key, keys.longAt(key, lines.key()));
        }
        keys.remove(key);
    }

    private void dropOld(long[] watermarks) {
        Waterline keyLine = lines.keyLine();
        if (keyPanes != null && keyLine != null) {
            long limit = keyLine.at(watermarks);
            if (limit != Waterline.NONE) {
                keyPanes.dropBelow(limit, key -> {
                    left.dropKey(keys, key);
                    right.dropKey(keys, key);
                    keys.remove(key);
                });
            }
        }
        left.dropBelow(keys, watermarks, this::forgetIfEmpty);
        right.dropBelow(keys, watermarks, this::forgetIfEmpty);
    }

    private void forgetIfEmpty(int key) {
        if (isEmpty(key)) {
            removeKey(key);
        }
    }

    // --- rows without match ---------------------------------------------------------------------------------

    /// Rows of the change itself, by the matches they found.
    private void padDelta(JoinSide side, Batch delta, int count) {
        rowCount = 0;
        for (int row = 0; row < count; row++) {
            if ((matches[row] <= 0) == (kind != JoinKind.SEMI) && delta.weight(row) != 0) {
                collect(row, delta.weight(row));
            }
        }
        if (rowCount == 0) {
            return;
        }
        int at = side == left ? 0 : leftSize;
        for (int i = 0; i < side.columns.length; i++) {
            owned.column(at + i).appendFrom(delta.column(i), rows, rowCount);
        }
        endPadded(side);
    }

    /// Rows of keys whose total on the other side changed sign.
    private void padKeys(JoinSide side, JoinSide other) {
        rowCount = 0;
        for (int i = 0; i < touchedCount; i++) {
            int key = touched[i];
            boolean had = keys.payload(key, side.keyWords + OLD_TOTAL) > 0;
            boolean has = keys.payload(key, side.keyWords + TOTAL) > 0;
            if (had != has) {
                int slot = (int) keys.payload(key, other.keyWords + FIRST) - 1;
                while (slot >= 0) {
                    collectChange(other, slot, has);
                    slot = (int) other.rows.payload(slot, JoinSide.NEXT) - 1;
                }
            }
        }
        appendStored(other);
    }

    /// Rows whose own matches changed sign.
    private void padRows(JoinSide other) {
        rowCount = 0;
        for (int i = 0; i < touchedCount; i++) {
            int slot = touched[i];
            boolean had = other.rows.payload(slot, JoinSide.OLD_MATCHES) > 0;
            boolean has = other.rows.payload(slot, JoinSide.MATCHES) > 0;
            if (had != has) {
                collectChange(other, slot, has);
            }
        }
        appendStored(other);
    }

    private void collectChange(JoinSide other, int slot, boolean hasMatch) {
        long weight = other.rows.payload(slot, JoinSide.WEIGHT);
        collect(slot, hasMatch == (kind == JoinKind.SEMI) ? weight : -weight);
    }

    private void collect(int row, long weight) {
        if (rowCount == rows.length) {
            rows = Arrays.copyOf(rows, rowCount * 2);
            rowWeights = Arrays.copyOf(rowWeights, rowCount * 2);
        }
        rows[rowCount] = row;
        rowWeights[rowCount++] = weight;
    }

    private void appendStored(JoinSide other) {
        if (rowCount == 0) {
            return;
        }
        int at = other == left ? 0 : leftSize;
        for (int i = 0; i < other.columns.length; i++) {
            other.rows.appendColumn(i, rows, rowCount, owned.column(at + i));
        }
        endPadded(other);
    }

    private void endPadded(JoinSide present) {
        if (emitsPairs) {
            int from = present == left ? leftSize : 0;
            int to = present == left ? schema.size() : leftSize;
            for (int i = from; i < to; i++) {
                for (int row = 0; row < rowCount; row++) {
                    owned.column(i).appendNull();
                }
            }
        }
        for (int row = 0; row < rowCount; row++) {
            owned.endRow(rowWeights[row]);
        }
    }

    // --- reports and checkpoints ----------------------------------------------------------------------------

    @Override
    public long stateRows() {
        return left.rows.size() + right.rows.size() + (emitsPairs || residual != null ? 0 : keys.size());
    }

    @Override
    public long stateBytes() {
        return left.bytes() + right.bytes() + keys.bytes() + (keyPanes == null ? 0 : keyPanes.bytes());
    }

    @Override
    public void save(DataOutput out) throws IOException {
        out.writeLong(phase);
        keys.save(out);
        left.save(out);
        right.save(out);
        if (keyPanes != null) {
            keyPanes.save(out);
        }
    }

    @Override
    public void restore(DataInput in) throws IOException {
        phase = in.readLong();
        keys.restore(in);
        left.restore(in);
        right.restore(in);
        if (keyPanes != null) {
            keyPanes.restore(in);
        }
    }
}
