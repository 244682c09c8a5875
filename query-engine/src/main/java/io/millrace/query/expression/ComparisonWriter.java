package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;
import static io.millrace.query.expression.ExpressionTypes.REX;

import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.util.Sarg;
import org.jspecify.annotations.Nullable;

/// Comparisons of two values, and of one value with sets of constants.
final class ComparisonWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;

    ComparisonWriter(ExpressionWriter expressions, CodeWriter code, Representations representations) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
    }

    /// `=`, `<>`, `<`, `<=`, `>` and `>=`.
    ValueCode comparison(SqlKind kind, ValueCode left, ValueCode right) {
        String isNull = code.nullOf(List.of(left, right));
        if (isNull.equals("true")) {
            return ValueCode.nothing(Representation.BOOL);
        }
        Representation a = left.representation();
        Representation b = right.representation();
        if (a == Representation.LONG && b == Representation.LONG) {
            return code.total(
                    isNull, Representation.BOOL, left.value() + " " + javaOperator(kind) + " " + right.value());
        }
        if (a == Representation.BOOL && b == Representation.BOOL) {
            String expression = switch (kind) {
                case EQUALS -> left.value() + " == " + right.value();
                case NOT_EQUALS -> left.value() + " != " + right.value();
                case LESS_THAN -> "!" + left.value() + " && " + right.value();
                case LESS_THAN_OR_EQUAL -> "!" + left.value() + " || " + right.value();
                case GREATER_THAN -> left.value() + " && !" + right.value();
                default -> left.value() + " || !" + right.value();
            };
            return code.total(isNull, Representation.BOOL, expression);
        }
        if (a == Representation.DOUBLE || b == Representation.DOUBLE) {
            String x = representations.as(left, Representation.DOUBLE).value();
            String y = representations.as(right, Representation.DOUBLE).value();
            String expression = switch (kind) {
                case EQUALS -> FUNCTIONS + "same(" + x + ", " + y + ")";
                case NOT_EQUALS -> "!" + FUNCTIONS + "same(" + x + ", " + y + ")";
                case LESS_THAN -> FUNCTIONS + "less(" + x + ", " + y + ")";
                case LESS_THAN_OR_EQUAL -> "!" + FUNCTIONS + "less(" + y + ", " + x + ")";
                case GREATER_THAN -> FUNCTIONS + "less(" + y + ", " + x + ")";
                default -> "!" + FUNCTIONS + "less(" + x + ", " + y + ")";
            };
            return code.total(isNull, Representation.BOOL, expression);
        }
        if (a == Representation.DECIMAL || b == Representation.DECIMAL) {
            String x = representations.as(left, Representation.DECIMAL).value();
            String y = representations.as(right, Representation.DECIMAL).value();
            return code.guarded(isNull, Representation.BOOL, x + ".compareTo(" + y + ") " + javaOperator(kind) + " 0");
        }
        if (a == Representation.OBJECT && b == Representation.OBJECT) {
            return code.guarded(
                    isNull,
                    Representation.BOOL,
                    FUNCTIONS + "compareObjects(" + left.value() + ", " + right.value() + ") " + javaOperator(kind)
                            + " 0");
        }
        boolean equality = kind == SqlKind.EQUALS || kind == SqlKind.NOT_EQUALS;
        if (a == Representation.SLICE && b == Representation.SLICE) {
            String arguments = left.slice() + ", " + right.slice();
            return code.guarded(
                    isNull,
                    Representation.BOOL,
                    equality
                            ? (kind == SqlKind.EQUALS ? "" : "!") + FUNCTIONS + "same(" + arguments + ")"
                            : FUNCTIONS + "compare(" + arguments + ") " + javaOperator(kind) + " 0");
        }
        String x = left.asText();
        String y = right.asText();
        return code.guarded(
                isNull,
                Representation.BOOL,
                equality
                        ? (kind == SqlKind.EQUALS ? "" : "!") + x + ".equals(" + y + ")"
                        : FUNCTIONS + "compare(" + x + ", " + y + ") " + javaOperator(kind) + " 0");
    }

    private static String javaOperator(SqlKind kind) {
        return switch (kind) {
            case EQUALS -> "==";
            case NOT_EQUALS -> "!=";
            case LESS_THAN -> "<";
            case LESS_THAN_OR_EQUAL -> "<=";
            case GREATER_THAN -> ">";
            case GREATER_THAN_OR_EQUAL -> ">=";
            default -> throw new IllegalArgumentException(kind.toString());
        };
    }

    /// IS DISTINCT FROM and IS NOT DISTINCT FROM.
    ValueCode distinct(ValueCode left, ValueCode right, boolean from) {
        String same;
        if (left.alwaysNull() || right.alwaysNull()) {
            same = "(" + left.isNull() + " == " + right.isNull() + ")";
        } else {
            ValueCode equal = comparison(SqlKind.EQUALS, left, right);
            same = "(" + left.isNull() + " == " + right.isNull() + " && (" + left.isNull() + " || " + equal.value()
                    + "))";
        }
        return code.total("false", Representation.BOOL, (from ? "!" : "") + same);
    }

    /// SEARCH, which the planner makes of IN, BETWEEN and lists of comparisons.
    <C extends Comparable<C>> ValueCode search(RexCall call) {
        RexNode reference = call.getOperands().get(0);
        RexLiteral literal = (RexLiteral) expressions.resolve(call.getOperands().get(1));
        Sarg<C> sarg = Literals.ranges(literal);
        if (sarg == null) {
            return ValueCode.nothing(Representation.BOOL);
        }
        if ((sarg.isPoints() || sarg.isComplementedPoints()) && sarg.pointCount > 3) {
            ValueCode set = pointSearch(reference, sarg, literal.getType());
            if (set != null) {
                return set;
            }
        }
        return expressions.write(Nodes.comparisons(reference, sarg, literal.getType()));
    }

    /// IN with many constants: a look-up instead of many comparisons.
    private <C extends Comparable<C>> @Nullable ValueCode pointSearch(
            RexNode reference, Sarg<C> sarg, RelDataType type) {
        Representation representation = Representation.of(type);
        if (representation != Representation.LONG
                && ExpressionTypes.columnType(type).type() != SqlType.VARCHAR) {
            return null;
        }
        boolean complement = !sarg.isPoints();
        List<Object> points = new ArrayList<>();
        for (var range : (complement ? sarg.rangeSet.complement() : sarg.rangeSet).asRanges()) {
            RexNode point = REX.makeLiteral(range.lowerEndpoint(), type, true, true);
            if (!(point instanceof RexLiteral pointLiteral)) {
                return null;
            }
            Object constant = Literals.value(pointLiteral);
            if (constant == null) {
                throw new UnsupportedExpressionException("NULL in a list of constants");
            }
            points.add(constant);
        }
        ValueCode value = expressions.write(reference);
        if (value.representation() != representation) {
            return null;
        }
        String set = code.constant(
                representation == Representation.LONG ? ConstantSet.ofLongs(points) : ConstantSet.ofBytes(points));
        String test = (complement ? "!" : "") + set + ".contains("
                + (representation == Representation.LONG ? value.value() : value.slice()) + ")";
        ValueCode strict = code.guarded(value.isNull(), Representation.BOOL, test);
        return switch (sarg.nullAs) {
            case UNKNOWN -> strict;
            case TRUE ->
                value.alwaysNull()
                        ? ValueCode.of("false", Representation.BOOL, "true")
                        : ValueCode.of(
                                "false", Representation.BOOL, "(" + value.isNull() + " || " + strict.value() + ")");
            case FALSE ->
                value.alwaysNull()
                        ? ValueCode.of("false", Representation.BOOL, "false")
                        : ValueCode.of(
                                "false", Representation.BOOL, "(!" + value.isNull() + " && " + strict.value() + ")");
        };
    }
}
