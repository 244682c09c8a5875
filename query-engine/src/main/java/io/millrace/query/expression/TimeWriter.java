package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.util.List;
import org.apache.calcite.avatica.util.TimeUnitRange;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;

/// Arithmetic with dates, times and intervals, and cutting times to a unit.
final class TimeWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;

    TimeWriter(ExpressionWriter expressions, CodeWriter code) {
        this.expressions = expressions;
        this.code = code;
    }

    /// WINDOW_START and WINDOW_END.
    ValueCode window(RexCall call, boolean end) {
        List<ValueCode> values = expressions.writeAll(call.getOperands());
        String size = values.get(1).value();
        String start = FUNCTIONS + "windowStart(" + values.get(0).value() + ", " + size + ", "
                + values.get(2).value() + ")";
        return code.guarded(code.nullOf(values), Representation.LONG, end ? start + " + " + size : start);
    }

    /// time ± interval, time − time.
    ValueCode arithmetic(
            RexCall call, ValueCode left, ColumnType leftType, ValueCode right, ColumnType rightType, String isNull) {
        boolean minus = Nodes.isMinus(call);
        if (ExpressionTypes.isTime(leftType.type()) && ExpressionTypes.isTime(rightType.type())) {
            if (!minus || leftType.type() != rightType.type()) {
                return expressions.viaCalcite(call);
            }
            boolean date = leftType.type() == SqlType.DATE;
            boolean months = ExpressionTypes.columnType(call.getType()).type() == SqlType.INTERVAL_MONTH;
            String difference = FUNCTIONS + "subtract(" + left.value() + ", " + right.value() + ")";
            String result = months
                    ? FUNCTIONS + (date ? "monthsBetweenDates(" : "monthsBetweenTimestamps(") + left.value() + ", "
                            + right.value() + ")"
                    : date ? FUNCTIONS + "multiply(" + difference + ", 86400000L)" : difference;
            return code.guarded(isNull, Representation.LONG, result);
        }
        boolean timeFirst = ExpressionTypes.isTime(leftType.type());
        ValueCode time = timeFirst ? left : right;
        ValueCode interval = timeFirst ? right : left;
        SqlType timeType = timeFirst ? leftType.type() : rightType.type();
        SqlType intervalType = timeFirst ? rightType.type() : leftType.type();
        if (interval.representation() != Representation.LONG) {
            return expressions.viaCalcite(call);
        }
        String amount = minus ? FUNCTIONS + "negate(" + interval.value() + ")" : interval.value();
        boolean months = intervalType == SqlType.INTERVAL_MONTH;
        boolean days = intervalType != SqlType.INTERVAL_DAY && !months; // DATE + 3
        SqlType resultType = ExpressionTypes.columnType(call.getType()).type();
        String result = switch (timeType) {
            case DATE ->
                months
                        ? FUNCTIONS + "addMonthsToDate(" + time.value() + ", " + amount + ")"
                        : days
                                ? FUNCTIONS + "add(" + time.value() + ", " + amount + ")"
                                : resultType == SqlType.DATE
                                        ? FUNCTIONS + "add(" + time.value() + ", " + amount + " / 86400000L)"
                                        : FUNCTIONS + "add(" + time.value() + " * 86400000L, " + amount + ")";
            case TIME -> "Math.floorMod(" + FUNCTIONS + "add(" + time.value() + ", " + amount + "), 86400000L)";
            default ->
                months
                        ? FUNCTIONS + "addMonthsToTimestamp(" + time.value() + ", " + amount + ")"
                        : FUNCTIONS + "add(" + time.value() + ", " + amount + ")";
        };
        return code.guarded(isNull, Representation.LONG, result);
    }

    /// FLOOR of a time to a unit.
    ValueCode floor(RexCall call, ValueCode value) {
        SqlType type =
                ExpressionTypes.columnType(call.getOperands().get(0).getType()).type();
        TimeUnitRange unit = expressions.resolve(call.getOperands().get(1)) instanceof RexLiteral literal
                ? literal.getValueAs(TimeUnitRange.class)
                : null;
        if (unit == null || (type != SqlType.DATE && !ExpressionTypes.isTimestamp(type))) {
            return expressions.viaCalcite(call);
        }
        boolean date = type == SqlType.DATE;
        long size = switch (unit) {
            case MILLISECOND -> 1;
            case SECOND -> 1000;
            case MINUTE -> 60_000;
            case HOUR -> 3_600_000;
            case DAY -> Functions.DAY_MS;
            default -> -1;
        };
        if (size > 0) {
            return date
                    ? value
                    : code.total(
                            value.isNull(),
                            Representation.LONG,
                            FUNCTIONS + "windowStart(" + value.value() + ", " + size + "L, 0L)");
        }
        String days = date ? value.value() : FUNCTIONS + "dateOf(" + value.value() + ")";
        String floored = switch (unit) {
            case WEEK -> FUNCTIONS + "floorWeek(" + days + ")";
            case MONTH -> FUNCTIONS + "floorDate(" + days + ", 1)";
            case QUARTER -> FUNCTIONS + "floorDate(" + days + ", 3)";
            case YEAR -> FUNCTIONS + "floorDate(" + days + ", 12)";
            default -> "";
        };
        if (floored.isEmpty()) {
            return expressions.viaCalcite(call);
        }
        return code.guarded(value.isNull(), Representation.LONG, date ? floored : floored + " * 86400000L");
    }
}
