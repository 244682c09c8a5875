package io.millrace.query.sql;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlBinaryOperator;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.DateString;
import org.apache.calcite.util.NlsString;
import org.apache.calcite.util.TimeString;
import org.apache.calcite.util.TimestampString;

/// Expressions as people write them, with the names of columns.
final class ExpressionText {
    private final Schema input;

    private ExpressionText(Schema input) {
        this.input = input;
    }

    static String of(RexNode node, Schema input) {
        return new ExpressionText(input).text(node, 0);
    }

    private String text(RexNode node, int outer) {
        return switch (node) {
            case RexInputRef reference -> input.name(reference.getIndex());
            case RexLiteral literal -> literal(literal);
            case RexFieldAccess access ->
                text(access.getReferenceExpr(), 9) + "." + access.getField().getName();
            case RexCall call -> call(call, outer);
            default -> node.toString();
        };
    }

    private static String literal(RexLiteral literal) {
        if (literal.isNull()) {
            return "NULL";
        }
        Comparable<?> value = literal.getValue();
        if (value instanceof NlsString string) {
            return "'" + string.getValue().replace("'", "''") + "'";
        }
        if (SqlTypeName.DAY_INTERVAL_TYPES.contains(literal.getType().getSqlTypeName())
                && value instanceof BigDecimal ms) {
            return Explain.duration(ms.longValue());
        }
        if (value instanceof BigDecimal number) {
            return number.toPlainString();
        }
        return switch (literal.getType().getSqlTypeName()) {
            case DATE -> "DATE '" + literal.getValueAs(DateString.class) + "'";
            case TIMESTAMP, TIMESTAMP_WITH_LOCAL_TIME_ZONE ->
                "TIMESTAMP '" + literal.getValueAs(TimestampString.class) + "'";
            case TIME -> "TIME '" + literal.getValueAs(TimeString.class) + "'";
            default -> String.valueOf(value); // booleans, symbols
        };
    }

    private String call(RexCall call, int outer) {
        List<RexNode> operands = call.getOperands();
        return switch (call.getKind()) {
            case AND -> joined(operands, " AND ", 2, outer);
            case OR -> joined(operands, " OR ", 1, outer);
            case NOT -> wrapped("NOT " + text(operands.get(0), 3), 3, outer);
            case EQUALS -> joined(operands, " = ", 4, outer);
            case NOT_EQUALS -> joined(operands, " <> ", 4, outer);
            case LESS_THAN -> joined(operands, " < ", 4, outer);
            case LESS_THAN_OR_EQUAL -> joined(operands, " <= ", 4, outer);
            case GREATER_THAN -> joined(operands, " > ", 4, outer);
            case GREATER_THAN_OR_EQUAL -> joined(operands, " >= ", 4, outer);
            case PLUS -> joined(operands, " + ", 5, outer);
            case MINUS -> joined(operands, " - ", 5, outer);
            case TIMES -> joined(operands, " * ", 6, outer);
            case DIVIDE -> joined(operands, " / ", 6, outer);
            case MINUS_PREFIX -> "-" + text(operands.get(0), 8);
            case LIKE -> joined(operands.subList(0, 2), " LIKE ", 4, outer);
            case IS_NULL -> wrapped(text(operands.get(0), 5) + " IS NULL", 4, outer);
            case IS_NOT_NULL -> wrapped(text(operands.get(0), 5) + " IS NOT NULL", 4, outer);
            case IS_TRUE -> wrapped(text(operands.get(0), 5) + " IS TRUE", 4, outer);
            case IS_NOT_TRUE -> wrapped(text(operands.get(0), 5) + " IS NOT TRUE", 4, outer);
            case IS_FALSE -> wrapped(text(operands.get(0), 5) + " IS FALSE", 4, outer);
            case IS_NOT_FALSE -> wrapped(text(operands.get(0), 5) + " IS NOT FALSE", 4, outer);
            case CAST -> {
                ColumnType type = Types.orNull(call.getType());
                yield "CAST(" + text(operands.get(0), 0) + " AS " + (type == null ? call.getType() : type) + ")";
            }
            case ITEM -> text(operands.get(0), 9) + "[" + text(operands.get(1), 0) + "]";
            case CASE -> caseText(operands);
            case SEARCH -> {
                RexNode ranges = org.apache.calcite.rex.RexUtil.expandSearch(
                        new org.apache.calcite.rex.RexBuilder(Dialect.TYPES), null, call);
                yield ranges instanceof RexCall other && other.getKind() != SqlKind.SEARCH
                        ? call(other, outer)
                        : call.toString();
            }
            default ->
                call.getOperator() instanceof SqlBinaryOperator && operands.size() == 2
                        ? joined(operands, " " + call.getOperator().getName() + " ", 5, outer)
                        : call.getOperator().getName().toUpperCase(Locale.ROOT) + "("
                                + operands.stream()
                                        .map(operand -> text(operand, 0))
                                        .collect(Collectors.joining(", ")) + ")";
        };
    }

    private String joined(List<RexNode> operands, String operator, int strength, int outer) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            // a - (b - c): what stands to the right of an operator of the same strength needs parentheses
            texts.add(text(operands.get(i), i == 0 || strength <= 2 ? strength : strength + 1));
        }
        return wrapped(String.join(operator, texts), strength, outer);
    }

    private static String wrapped(String text, int strength, int outer) {
        return strength < outer ? "(" + text + ")" : text;
    }

    private String caseText(List<RexNode> operands) {
        StringBuilder text = new StringBuilder("CASE");
        for (int i = 0; i + 1 < operands.size(); i += 2) {
            text.append(" WHEN ")
                    .append(text(operands.get(i), 0))
                    .append(" THEN ")
                    .append(text(operands.get(i + 1), 0));
        }
        return text.append(" ELSE ")
                .append(text(operands.getLast(), 0))
                .append(" END")
                .toString();
    }
}
