package io.millrace.query.expression;

import static io.millrace.query.expression.ExpressionTypes.REX;

import java.util.List;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;

/// CASE and COALESCE: only the branch that is taken is evaluated.
final class ChoiceWriter {
    /// So many branches of a CASE are written one after the other; the rest is again a CASE, so that it can
    /// become a method and nesting stays shallow.
    private static final int BRANCHES_MAX = 16;

    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;

    ChoiceWriter(ExpressionWriter expressions, CodeWriter code, Representations representations) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
    }

    /// CASE.
    ValueCode caseWhen(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return representations.convert(
                    expressions.write(operands.get(0)), operands.get(0).getType(), call.getType());
        }
        if (operands.size() == 3) {
            return choice(test(operands.get(0)), operands.get(1), operands.get(2), call.getType());
        }
        int branches = Math.min(BRANCHES_MAX, (operands.size() - 1) / 2);
        List<RexNode> restOperands = operands.subList(2 * branches, operands.size());
        RexNode rest = restOperands.size() == 1
                ? restOperands.get(0)
                : REX.makeCall(call.getType(), call.getOperator(), restOperands);
        BranchTarget target = BranchTarget.declare(code, call.getType());
        String open = code.name("open");
        code.append("boolean " + open + " = true;\n");
        for (int i = 0; i < branches; i++) {
            RexNode condition = operands.get(2 * i);
            RexNode value = operands.get(2 * i + 1);
            code.block("if (" + open + ")", () -> {
                code.block("if (" + test(condition) + ")", () -> open + " = false;\n" + assign(target, value));
                return "";
            });
        }
        code.block("if (" + open + ")", () -> assign(target, rest));
        return target.value();
    }

    /// A Java condition that holds when a boolean is true.
    private String test(RexNode node) {
        return representations.as(expressions.write(node), Representation.BOOL).isTrue();
    }

    /// COALESCE.
    ValueCode coalesce(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return representations.convert(
                    expressions.write(operands.get(0)), operands.get(0).getType(), call.getType());
        }
        RexNode rest = operands.size() == 2
                ? operands.get(1)
                : REX.makeCall(call.getType(), call.getOperator(), operands.subList(1, operands.size()));
        ValueCode first = expressions.write(operands.get(0));
        return choice("!" + first.isNull(), operands.get(0), rest, call.getType());
    }

    private ValueCode choice(String test, RexNode then, RexNode otherwise, RelDataType type) {
        BranchTarget target = BranchTarget.declare(code, type);
        code.block("if (" + test + ")", () -> assign(target, then));
        code.block("else", () -> assign(target, otherwise));
        return target.value();
    }

    /// Statements that give a target the value of a branch.
    private String assign(BranchTarget target, RexNode branch) {
        return target.assign(representations.convert(expressions.write(branch), branch.getType(), target.type()));
    }
}
