package io.millrace.query.expression;

import static io.millrace.query.expression.ExpressionTypes.REX;

import java.util.List;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;

/// AND, OR and the tests for TRUE, FALSE and UNKNOWN, in three-valued logic.
final class LogicWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;

    LogicWriter(ExpressionWriter expressions, CodeWriter code, Representations representations) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
    }

    /// AND and OR from left to right; the right side is not evaluated when the left one decides. Long lists are
    /// halved, so that each half can become a method.
    ValueCode logical(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (operands.size() == 1) {
            return expressions.write(operands.get(0));
        }
        boolean and = call.getKind() == SqlKind.AND;
        int half = operands.size() / 2;
        RexNode leftNode = part(call, operands.subList(0, half));
        RexNode rightNode = part(call, operands.subList(half, operands.size()));
        ValueCode left = representations.as(expressions.write(leftNode), Representation.BOOL);
        if (left.neverNull() && left.value().equals(and ? "true" : "false")) {
            return expressions.write(rightNode);
        }
        if (left.neverNull() && left.value().equals(and ? "false" : "true")) {
            return left;
        }
        String isNull = code.name("n");
        String value = code.name("v");
        code.append("boolean " + isNull + " = false;\nboolean " + value + " = " + !and + ";\n");
        boolean[] rightNeverNull = new boolean[1];
        code.block("if (!(" + (left.alwaysNull() ? "false" : decides(left, and)) + "))", () -> {
            ValueCode right = representations.as(expressions.write(rightNode), Representation.BOOL);
            rightNeverNull[0] = right.neverNull();
            if (right.alwaysNull()) {
                return isNull + " = true;\n";
            }
            if (left.neverNull()) {
                return isNull + " = " + right.isNull() + ";\n" + value + " = " + right.value() + ";\n";
            }
            return "if (!(" + decides(right, and) + ")) {\n" + isNull + " = "
                    + (right.neverNull() ? left.isNull() : left.isNull() + " || " + right.isNull()) + ";\n" + value
                    + " = "
                    + and
                    + ";\n}\n";
        });
        return ValueCode.of(left.neverNull() && rightNeverNull[0] ? "false" : isNull, Representation.BOOL, value);
    }

    /// A Java condition that holds when one side settles the result.
    private static String decides(ValueCode side, boolean and) {
        return (side.neverNull() ? "" : "!" + side.isNull() + " && ") + (and ? "!" : "") + side.value();
    }

    private static RexNode part(RexCall call, List<RexNode> operands) {
        return operands.size() == 1 ? operands.get(0) : REX.makeCall(call.getType(), call.getOperator(), operands);
    }

    /// NOT.
    ValueCode not(RexCall call) {
        ValueCode value = expressions.write(call.getOperands().get(0));
        return value.alwaysNull()
                ? value
                : ValueCode.of(value.isNull(), Representation.BOOL, "(!" + value.value() + ")");
    }

    /// IS NULL and IS NOT NULL.
    ValueCode isNull(RexCall call) {
        ValueCode value = expressions.write(call.getOperands().get(0));
        String not = call.getKind() == SqlKind.IS_NOT_NULL ? "!" : "";
        return ValueCode.of("false", Representation.BOOL, "(" + not + value.isNull() + ")");
    }

    /// IS TRUE and its kin.
    ValueCode isTruth(RexCall call) {
        ValueCode value =
                representations.as(expressions.write(call.getOperands().get(0)), Representation.BOOL);
        String isTrue = value.neverNull() ? value.value() : "(!" + value.isNull() + " && " + value.value() + ")";
        String isFalse =
                value.neverNull() ? "!" + value.value() : "(!" + value.isNull() + " && !" + value.value() + ")";
        String expression = switch (call.getKind()) {
            case IS_TRUE -> isTrue;
            case IS_NOT_TRUE -> "!" + isTrue;
            case IS_FALSE -> isFalse;
            case IS_NOT_FALSE -> "!(" + isFalse + ")";
            default -> value.isNull();
        };
        return ValueCode.of("false", Representation.BOOL, "(" + expression + ")");
    }
}
