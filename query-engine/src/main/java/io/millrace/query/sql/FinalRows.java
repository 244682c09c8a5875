package io.millrace.query.sql;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.Schema;
import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.jspecify.annotations.Nullable;

/// EMIT FINAL: where in a plan rows are held back until they are final, as near to the top as a time column
/// reaches.
final class FinalRows {
    private static final String TIME = "final_time";

    private final PlanShape shape;
    private final RexBuilder rex = new RexBuilder(Dialect.TYPES);

    private FinalRows(PlanNode root) {
        shape = PlanShape.of(root);
    }

    /// The plan with rows held back, null where nothing says when a row is final.
    static @Nullable PlanNode of(PlanNode root) {
        Held held = new FinalRows(root).held(root);
        return held == null ? null : held.plan;
    }

    /// @param everyRow each row has a time, so each is emitted once
    private record Held(PlanNode plan, boolean everyRow) {}

    private @Nullable Held held(PlanNode plan) {
        if (shape.constant(plan)) {
            return new Held(plan, true); // all of its rows are there in the first step, if there are any
        }
        if (plan instanceof PlanNode.Union union && hasConstants(union)) {
            return besideConstants(union);
        }
        if (plan instanceof PlanNode.Calc calc && calc.input() instanceof PlanNode.Union union && hasConstants(union)) {
            List<PlanNode> inputs = new ArrayList<>();
            union.inputs().forEach(input -> inputs.add(new PlanNode.Calc(input, calc.program())));
            return besideConstants(new PlanNode.Union(inputs, calc.schema()));
        }
        Held here = here(plan);
        return switch (plan) {
            case PlanNode.Calc calc -> {
                // the end of a window says it soonest, even where the projection drops it
                Held useful = here == null || dropsEnd(calc) ? null : here;
                Held below = useful != null && useful.everyRow ? null : held(calc.input());
                yield below == null || useful != null && !below.everyRow
                        ? here
                        : new Held(new PlanNode.Calc(below.plan, calc.program()), below.everyRow);
            }
            case PlanNode.Union union -> {
                if (here != null && here.everyRow) {
                    yield here;
                }
                List<PlanNode> inputs = new ArrayList<>();
                boolean everyRow = true;
                for (PlanNode input : union.inputs()) {
                    Held held = held(input);
                    if (held != null) {
                        inputs.add(held.plan);
                        everyRow &= held.everyRow;
                    }
                }
                boolean all = inputs.size() == union.inputs().size();
                yield all && (here == null || everyRow)
                        ? new Held(new PlanNode.Union(inputs, union.schema()), everyRow)
                        : here;
            }
            case PlanNode.EmitFinal already -> new Held(already, true);
            case PlanNode.Source source -> here;
            case PlanNode.Values values -> here;
            case PlanNode.Window window -> here;
            case PlanNode.Session session -> here;
            case PlanNode.Aggregate aggregate -> here;
            case PlanNode.Join join -> here;
            case PlanNode.Distinct distinct -> here;
            case PlanNode.SetOperation operation -> here;
            case PlanNode.TopN top -> here;
            case PlanNode.Failed failed -> here;
        };
    }

    private boolean hasConstants(PlanNode.Union union) {
        return union.inputs().stream().anyMatch(shape::constant);
    }

    /// Constant rows are final at once, whatever the others wait for.
    private @Nullable Held besideConstants(PlanNode.Union union) {
        List<PlanNode> inputs = new ArrayList<>();
        List<PlanNode> changing = new ArrayList<>();
        union.inputs().forEach(input -> (shape.constant(input) ? inputs : changing).add(input));
        Held held = held(changing.size() == 1 ? changing.getFirst() : new PlanNode.Union(changing, union.schema()));
        if (held == null) {
            return null;
        }
        inputs.add(held.plan);
        return new Held(new PlanNode.Union(inputs, union.schema()), held.everyRow);
    }

    private boolean dropsEnd(PlanNode.Calc calc) {
        int column = shape.finalColumn(calc);
        int below = shape.finalColumn(calc.input());
        return !calc.schema().name(column).equals(WindowFunctions.END)
                && below >= 0
                && calc.input().schema().name(below).equals(WindowFunctions.END);
    }

    /// Right above the node, by a column of its own.
    private @Nullable Held here(PlanNode plan) {
        int column = shape.finalColumn(plan);
        if (column < 0) {
            return null;
        }
        if (NeverNull.column(plan, column)) {
            return new Held(new PlanNode.EmitFinal(plan, column), true);
        }
        List<Integer> others = hasOuterJoin(plan) ? shape.otherTimes(plan, column) : List.of();
        return others.isEmpty()
                ? new Held(new PlanNode.EmitFinal(plan, column), false)
                : new Held(byAnyTime(plan, column, others), bothSidesHaveTimes(plan));
    }

    private static boolean hasOuterJoin(PlanNode plan) {
        boolean outer = plan instanceof PlanNode.Join join
                && switch (join.kind()) {
                    case LEFT, RIGHT, FULL -> true;
                    case INNER, SEMI, ANTI -> false;
                };
        return outer || plan.inputs().stream().anyMatch(FinalRows::hasOuterJoin);
    }

    /// Whether a row of either side of a FULL join, alone or not, has a time.
    private boolean bothSidesHaveTimes(PlanNode plan) {
        if (!(plan instanceof PlanNode.Join join)) {
            return false;
        }
        int width = join.left().schema().size();
        boolean left = false;
        boolean right = false;
        for (int column : shape.times(join)) {
            left |= column < width && NeverNull.column(join.left(), column);
            right |= column >= width && NeverNull.column(join.right(), column - width);
        }
        return left && right;
    }

    /// A row without a match has the times of one side only. As no change to come is below the waterline of any
    /// of the columns, the first of them that a row has says when the row is final.
    private PlanNode byAnyTime(PlanNode plan, int column, List<Integer> others) {
        Schema schema = plan.schema();
        RelDataType row = row(schema);
        RexNode time = RexInputRef.of(others.getLast(), row);
        List<Integer> first = new ArrayList<>(others.subList(0, others.size() - 1));
        first.addFirst(column);
        for (int next : first.reversed()) {
            RexNode reference = RexInputRef.of(next, row);
            time = rex.makeCall(
                    SqlStdOperatorTable.CASE,
                    rex.makeCall(SqlStdOperatorTable.IS_NOT_NULL, reference),
                    reference,
                    time);
        }
        List<ColumnInfo> columns = new ArrayList<>(schema.columns());
        columns.add(new ColumnInfo(TIME, schema.type(column).withNullable(true)));
        Schema timed = new Schema(columns);
        RelDataType timedRow = row(timed);
        List<RexNode> projects = new ArrayList<>(rex.identityProjects(row));
        projects.add(rex.ensureType(timedRow.getFieldList().getLast().getType(), time, false));
        PlanNode held = new PlanNode.EmitFinal(
                new PlanNode.Calc(
                        plan, new CalcProgram(RexProgram.create(row, projects, null, timedRow, rex), schema, timed)),
                schema.size());
        List<RexNode> visible = rex.identityProjects(timedRow).subList(0, schema.size());
        return new PlanNode.Calc(
                held, new CalcProgram(RexProgram.create(timedRow, visible, null, row, rex), timed, schema));
    }

    /// Columns may have the same name, as those of a join have: only their places count.
    private static RelDataType row(Schema schema) {
        RelDataTypeFactory.Builder row = Dialect.TYPES.builder();
        for (ColumnInfo column : schema.columns()) {
            row.add(column.name(), Types.toCalcite(column.type(), Dialect.TYPES));
        }
        return row.build();
    }
}
