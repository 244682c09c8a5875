package io.millrace.query.plan;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One operator of a query's plan. Every node's output is a Z-set over [#schema]; tables of formulas are in
/// each operator.
public sealed interface PlanNode {
    /// Columns of the output.
    Schema schema();

    List<PlanNode> inputs();

    /// Rows of a stream or table. Equal sources in one plan share one input of the circuit.
    ///
    /// @param schema the columns the plan needs, a subset of the definition's, in the order of
    ///     `source.columns()`
    record Source(SourceSpec source, Schema schema) implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of();
        }
    }

    /// Constant rows, present from the first step on. Values are boxed as
    /// [io.millrace.query.data.Column#objectAt] does.
    record Values(List<List<@Nullable Object>> rows, Schema schema) implements PlanNode {
        public Values {
            rows = rows.stream()
                    .map(row -> java.util.Collections.unmodifiableList(new ArrayList<>(row)))
                    .toList();
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of();
        }
    }

    /// Filter and projection: keeps rows that satisfy the program's condition and computes its outputs.
    record Calc(PlanNode input, CalcProgram program) implements PlanNode {
        @Override
        public Schema schema() {
            return program.output();
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// Assigns rows to windows: the input's columns, then `window_start` and `window_end`. A row with a NULL
    /// time belongs to no
    /// window and is dropped. One row in, `size / slide` rows out (HOP), or one for each step (CUMULATE).
    ///
    /// TUMBLE is HOP with `slide == size`.
    ///
    /// @param timeColumn of the input, TIMESTAMP or TIMESTAMPTZ
    record Window(
            PlanNode input, WindowKind kind, int timeColumn, long sizeMs, long slideMs, long offsetMs, Schema schema)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    enum WindowKind {
        HOP,
        CUMULATE
    }

    /// Rows of the same partition key closer than the gap form one session: the input's columns, then
    /// `window_start` and
    /// `window_end` (last time + gap).
    record Session(PlanNode input, int timeColumn, int[] partitionKeys, long gapMs, Schema schema) implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// Groups by `keys` (input columns, in output order) and aggregates; output = keys, then calls. Without
    /// keys it has exactly
    /// one row, also over no input.
    record Aggregate(PlanNode input, int[] keys, List<AggregateCall> calls, Schema schema) implements PlanNode {
        public Aggregate {
            calls = List.copyOf(calls);
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// Joins on equal keys (NULL equals nothing) and a rest condition. Output = left columns, then right
    /// columns (not for SEMI
    /// and ANTI).
    ///
    /// @param residual condition over left ++ right columns, null for none; its outputs are those columns
    ///     unchanged
    /// @param bound lets state be dropped: see [TimeBound]; its condition is part of `residual` too
    record Join(
            PlanNode left,
            PlanNode right,
            JoinKind kind,
            int[] leftKeys,
            int[] rightKeys,
            @Nullable CalcProgram residual,
            @Nullable TimeBound bound,
            Schema schema)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(left, right);
        }
    }

    enum JoinKind {
        INNER,
        LEFT,
        RIGHT,
        FULL,
        SEMI,
        ANTI
    }

    /// `right.time + lowerMs <= left.time <= right.time + upperMs`, both columns of a time type.
    record TimeBound(int leftColumn, int rightColumn, long lowerMs, long upperMs) {}

    /// UNION ALL.
    record Union(List<PlanNode> inputs, Schema schema) implements PlanNode {
        public Union {
            inputs = List.copyOf(inputs);
        }
    }

    /// Each distinct row once.
    record Distinct(PlanNode input) implements PlanNode {
        @Override
        public Schema schema() {
            return input.schema();
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// INTERSECT or EXCEPT of exactly two inputs, with or without ALL.
    record SetOperation(PlanNode left, PlanNode right, boolean intersect, boolean all, Schema schema)
            implements PlanNode {
        @Override
        public List<PlanNode> inputs() {
            return List.of(left, right);
        }
    }

    /// The rows `offset .. offset + fetch` (excluded) of every partition in the given order; ties are broken by
    /// the whole row. A
    /// `fetch` of −1 means all. With `rank`, ROW_NUMBER (from 1) is appended as a last BIGINT column.
    record TopN(
            PlanNode input,
            int[] partitionKeys,
            List<SortKey> order,
            long offset,
            long fetch,
            boolean rank,
            Schema schema)
            implements PlanNode {
        public TopN {
            order = List.copyOf(order);
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    record SortKey(int column, boolean descending, boolean nullsFirst) {}

    /// Holds rows back until they cannot change any more: a row is emitted once, when the waterline of
    /// `timeColumn` has passed its
    /// value there, and never taken back (EMIT FINAL).
    record EmitFinal(PlanNode input, int timeColumn) implements PlanNode {
        @Override
        public Schema schema() {
            return input.schema();
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// The rows that the operators below cannot evaluate (division by zero, a bad cast, an overflow), instead of
    /// their answer: what a query leaves out. Its columns are [#FAILED].
    record Failed(PlanNode input) implements PlanNode {
        @Override
        public Schema schema() {
            return FAILED;
        }

        @Override
        public List<PlanNode> inputs() {
            return List.of(input);
        }
    }

    /// Columns of [Failed]: why; which operator; the record, if the row came from a single one; the row as the
    /// operator saw it.
    Schema FAILED = new Schema(List.of(
            new ColumnInfo("_reason", ColumnType.of(SqlType.VARCHAR).withNullable(false)),
            new ColumnInfo("_operator", ColumnType.of(SqlType.VARCHAR).withNullable(false)),
            new ColumnInfo("_topic", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("_partition", ColumnType.of(SqlType.INTEGER)),
            new ColumnInfo("_offset", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("_row", ColumnType.of(SqlType.JSON).withNullable(false))));

    /// The schema of a windowed input: its columns and the two bounds.
    static Schema windowed(Schema input) {
        List<ColumnInfo> columns = new ArrayList<>(input.columns());
        columns.add(new ColumnInfo("window_start", ColumnType.of(SqlType.TIMESTAMP)));
        columns.add(new ColumnInfo("window_end", ColumnType.of(SqlType.TIMESTAMP)));
        return new Schema(columns);
    }
}
