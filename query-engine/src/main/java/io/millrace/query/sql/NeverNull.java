package io.millrace.query.sql;

import io.millrace.query.plan.CalcProgram;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.PlanNode.JoinKind;
import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;

/// Whether a column can be NULL, from what the plan does and not from its types: those only repeat what was
/// declared.
final class NeverNull {
    private NeverNull() {}

    static boolean column(PlanNode node, int column) {
        return switch (node) {
            case PlanNode.Source source -> !source.schema().type(column).nullable();
            case PlanNode.Values values -> values.rows().stream().allMatch(row -> row.get(column) != null);
            case PlanNode.Calc calc -> calc(calc, column);
            case PlanNode.Window window ->
                column >= window.input().schema().size()
                        || column == window.timeColumn()
                        || column(window.input(), column);
            case PlanNode.Session session ->
                column >= session.input().schema().size()
                        || column == session.timeColumn()
                        || column(session.input(), column);
            case PlanNode.Aggregate aggregate ->
                column < aggregate.keys().length
                        && column(aggregate.input(), aggregate.keys()[column]);
            case PlanNode.Join join -> join(join, column);
            case PlanNode.Union union -> union.inputs().stream().allMatch(input -> column(input, column));
            case PlanNode.Distinct distinct -> column(distinct.input(), column);
            case PlanNode.SetOperation operation -> column(operation.left(), column);
            case PlanNode.TopN top -> column >= top.input().schema().size() || column(top.input(), column);
            case PlanNode.EmitFinal emit -> column(emit.input(), column);
            case PlanNode.Failed failed -> !failed.schema().type(column).nullable();
        };
    }

    private static boolean join(PlanNode.Join join, int column) {
        int leftSize = join.left().schema().size();
        boolean onLeft = column < leftSize;
        boolean padded = onLeft
                ? join.kind() == JoinKind.RIGHT || join.kind() == JoinKind.FULL
                : join.kind() == JoinKind.LEFT || join.kind() == JoinKind.FULL;
        if (padded) {
            return false;
        }
        if (join.kind() == JoinKind.INNER || join.kind() == JoinKind.SEMI) {
            int[] keys = onLeft ? join.leftKeys() : join.rightKeys();
            for (int key : keys) {
                if (key == (onLeft ? column : column - leftSize)) {
                    return true;
                }
            }
        }
        return onLeft ? column(join.left(), column) : column(join.right(), column - leftSize);
    }

    private static boolean calc(PlanNode.Calc calc, int column) {
        CalcProgram program = calc.program();
        RexNode output =
                program.rex().expandLocalRef(program.rex().getProjectList().get(column));
        if (output instanceof RexLiteral literal) {
            return !literal.isNull();
        }
        if (!(output instanceof RexInputRef reference)) {
            return false;
        }
        RexLocalRef condition = program.rex().getCondition();
        if (condition != null) {
            for (RexNode conjunct : RelOptUtil.conjunctions(program.rex().expandLocalRef(condition))) {
                if (excludesNull(conjunct, reference.getIndex())) {
                    return true;
                }
            }
        }
        return column(calc.input(), reference.getIndex());
    }

    private static boolean excludesNull(RexNode conjunct, int column) {
        if (!(conjunct instanceof RexCall call)) {
            return false;
        }
        boolean strict = call.getKind() == SqlKind.IS_NOT_NULL
                || call.getKind() == SqlKind.EQUALS
                || call.getKind() == SqlKind.NOT_EQUALS
                || call.getKind() == SqlKind.LESS_THAN
                || call.getKind() == SqlKind.LESS_THAN_OR_EQUAL
                || call.getKind() == SqlKind.GREATER_THAN
                || call.getKind() == SqlKind.GREATER_THAN_OR_EQUAL;
        return strict
                && call.getOperands().stream()
                        .anyMatch(
                                operand -> operand instanceof RexInputRef reference && reference.getIndex() == column);
    }
}
