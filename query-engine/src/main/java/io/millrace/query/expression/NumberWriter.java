package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.CASTS;
import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.util.List;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;

/// Arithmetic and rounding. Whole numbers and decimals that leave their type's range fail, as in PostgreSQL.
final class NumberWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;
    private final TimeWriter times;

    NumberWriter(ExpressionWriter expressions, CodeWriter code, Representations representations, TimeWriter times) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
        this.times = times;
    }

    /// `+`, `-`, `*`, `/` and MOD of numbers, intervals and times.
    ValueCode arithmetic(RexCall call) {
        RexNode leftNode = call.getOperands().get(0);
        RexNode rightNode = call.getOperands().get(1);
        ColumnType leftType = ExpressionTypes.columnType(leftNode.getType());
        ColumnType rightType = ExpressionTypes.columnType(rightNode.getType());
        ValueCode left = expressions.write(leftNode);
        ValueCode right = expressions.write(rightNode);
        String isNull = code.nullOf(List.of(left, right));
        ColumnType type = ExpressionTypes.columnType(call.getType());
        if (isNull.equals("true")) {
            return ValueCode.nothing(Representation.of(call.getType()));
        }
        if (ExpressionTypes.isTime(leftType.type()) || ExpressionTypes.isTime(rightType.type())) {
            return times.arithmetic(call, left, leftType, right, rightType, isNull);
        }
        return switch (type.type()) {
            case SMALLINT, INTEGER, BIGINT, INTERVAL_DAY, INTERVAL_MONTH -> {
                if (left.representation() != Representation.LONG || right.representation() != Representation.LONG) {
                    String product = arithmeticText(
                            call.getKind(),
                            representations.as(left, Representation.DOUBLE).value(),
                            representations.as(right, Representation.DOUBLE).value());
                    yield code.guarded(
                            isNull,
                            Representation.LONG,
                            CASTS + "doubleToLong(" + product + ", \"" + type + "\", Long.MIN_VALUE, Long.MAX_VALUE)");
                }
                String function = switch (call.getKind()) {
                    case PLUS, CHECKED_PLUS -> "add";
                    case MINUS, CHECKED_MINUS -> "subtract";
                    case TIMES, CHECKED_TIMES -> "multiply";
                    case MOD -> "remainder";
                    default -> "divide";
                };
                String result = FUNCTIONS + function + "(" + left.value() + ", " + right.value() + ")";
                yield code.guarded(
                        isNull,
                        Representation.LONG,
                        switch (type.type()) {
                            case SMALLINT -> FUNCTIONS + "toSmallint(" + result + ")";
                            case INTEGER -> FUNCTIONS + "toInteger(" + result + ")";
                            default -> result;
                        });
            }
            case DOUBLE, REAL -> {
                String x = representations.as(left, Representation.DOUBLE).value();
                String y = representations.as(right, Representation.DOUBLE).value();
                String result = arithmeticText(call.getKind(), x, y);
                yield code.guarded(
                        isNull,
                        Representation.DOUBLE,
                        type.type() == SqlType.REAL ? CASTS + "toReal(" + result + ")" : result);
            }
            case DECIMAL -> {
                String x = representations.as(left, Representation.DECIMAL).value();
                String y = representations.as(right, Representation.DECIMAL).value();
                String result = switch (call.getKind()) {
                    case PLUS, CHECKED_PLUS -> x + ".add(" + y + ")";
                    case MINUS, CHECKED_MINUS -> x + ".subtract(" + y + ")";
                    case TIMES, CHECKED_TIMES -> x + ".multiply(" + y + ")";
                    case MOD -> FUNCTIONS + "remainder(" + x + ", " + y + ")";
                    default -> FUNCTIONS + "divide(" + x + ", " + y + ", " + type.scale() + ")";
                };
                yield representations.fit(isNull, result, call.getType());
            }
            default -> expressions.viaCalcite(call);
        };
    }

    private static String arithmeticText(SqlKind kind, String left, String right) {
        return switch (kind) {
            case PLUS, CHECKED_PLUS -> left + " + " + right;
            case MINUS, CHECKED_MINUS -> left + " - " + right;
            case TIMES, CHECKED_TIMES -> left + " * " + right;
            case MOD -> FUNCTIONS + "remainder(" + left + ", " + right + ")";
            default -> FUNCTIONS + "divide(" + left + ", " + right + ")";
        };
    }

    /// POWER of any two numbers, as doubles. Calcite's runtime has several, of which it does not take the same one in
    /// each process, and those with decimals fail for infinity.
    ValueCode power(RexCall call) {
        ValueCode base = expressions.write(call.getOperands().get(0));
        ValueCode exponent = expressions.write(call.getOperands().get(1));
        String isNull = code.nullOf(List.of(base, exponent));
        return isNull.equals("true")
                ? ValueCode.nothing(Representation.DOUBLE)
                : code.guarded(
                        isNull,
                        Representation.DOUBLE,
                        "Math.pow("
                                + representations
                                        .as(base, Representation.DOUBLE)
                                        .value() + ", "
                                + representations
                                        .as(exponent, Representation.DOUBLE)
                                        .value() + ")");
    }

    /// The minus before a number or an interval.
    ValueCode negation(RexCall call) {
        ValueCode value = expressions.write(call.getOperands().get(0));
        if (value.alwaysNull()) {
            return value;
        }
        SqlType type = ExpressionTypes.columnType(call.getType()).type();
        return switch (value.representation()) {
            case LONG ->
                code.guarded(
                        value.isNull(),
                        Representation.LONG,
                        switch (type) {
                            case SMALLINT -> FUNCTIONS + "toSmallint(-" + value.value() + ")";
                            case INTEGER -> FUNCTIONS + "toInteger(-" + value.value() + ")";
                            default -> FUNCTIONS + "negate(" + value.value() + ")";
                        });
            case DOUBLE -> code.total(value.isNull(), Representation.DOUBLE, "-" + value.value());
            case DECIMAL -> code.guarded(value.isNull(), Representation.DECIMAL, value.value() + ".negate()");
            default -> expressions.viaCalcite(call);
        };
    }

    /// FLOOR and CEIL.
    ValueCode rounding(RexCall call) {
        boolean floor = call.getKind() == SqlKind.FLOOR;
        ValueCode value = expressions.write(call.getOperands().get(0));
        if (value.alwaysNull()) {
            return ValueCode.nothing(Representation.of(call.getType()));
        }
        if (call.getOperands().size() == 2) {
            return floor ? times.floor(call, value) : expressions.viaCalcite(call);
        }
        return switch (value.representation()) {
            case LONG -> value;
            case DOUBLE ->
                code.total(
                        value.isNull(),
                        Representation.DOUBLE,
                        "Math." + (floor ? "floor(" : "ceil(") + value.value() + ")");
            case DECIMAL ->
                representations.fit(
                        value.isNull(),
                        value.value() + ".setScale(0, java.math.RoundingMode." + (floor ? "FLOOR" : "CEILING") + ")",
                        call.getType());
            default -> expressions.viaCalcite(call);
        };
    }
}
