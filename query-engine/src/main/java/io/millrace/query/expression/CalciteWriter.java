package io.millrace.query.expression;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.util.ArrayList;
import java.util.List;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;

/// Calls of Calcite's own runtime, for everything that is not written here.
final class CalciteWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;
    private final CalciteCalls calls;

    CalciteWriter(ExpressionWriter expressions, CodeWriter code, Representations representations, CalciteCalls calls) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
        this.calls = calls;
    }

    /// The call with its operands as arguments; its literals stay literals.
    ValueCode call(RexCall call) {
        List<CalciteCalls.Argument> arguments = new ArrayList<>();
        List<ValueCode> values = new ArrayList<>();
        boolean strict = CalciteCalls.strict(call);
        List<RexNode> operands = call.getOperands();
        for (int i = 0; i < operands.size(); i++) {
            RexNode resolved = expressions.resolve(operands.get(i));
            if (!(resolved instanceof RexLiteral)) {
                values.add(expressions.write(operands.get(i)));
                arguments.add(new CalciteCalls.Argument(i, operands.get(i).getType()));
            }
        }
        String isNull = strict ? code.nullOf(values) : "false";
        if (isNull.equals("true")) {
            return ValueCode.nothing(Representation.of(call.getType()));
        }
        List<RexNode> resolvedOperands =
                operands.stream().map(expressions::resolve).toList();
        CalciteCalls.Method method = calls.method(call, resolvedOperands, arguments, strict);
        StringBuilder text = new StringBuilder(method.name() + "(");
        for (int i = 0; i < values.size(); i++) {
            text.append(i == 0 ? "" : ", ")
                    .append(calciteArgument(
                            values.get(i),
                            arguments.get(i),
                            method.parameterTypes().get(i)));
        }
        text.append(')');
        return fromCalcite(call, isNull, text.toString(), method.returnsPrimitive());
    }

    private String calciteArgument(ValueCode value, CalciteCalls.Argument argument, String javaType) {
        ColumnType type = ExpressionTypes.columnType(argument.type());
        boolean nullable = !value.neverNull();
        String expression = switch (javaType) {
            case "boolean", "java.lang.Boolean" -> value.value();
            case "byte", "short", "int", "long", "float" -> "(" + javaType + ") " + value.value();
            case "double" -> value.value();
            case "java.lang.Byte" -> "Byte.valueOf((byte) " + value.value() + ")";
            case "java.lang.Short" -> "Short.valueOf((short) " + value.value() + ")";
            case "java.lang.Integer" -> "Integer.valueOf((int) " + value.value() + ")";
            case "java.lang.Long" -> "Long.valueOf(" + value.value() + ")";
            case "java.lang.Float" -> "Float.valueOf((float) " + value.value() + ")";
            case "java.lang.Double" -> "Double.valueOf(" + value.value() + ")";
            case "java.lang.String" -> value.asText();
            case "java.math.BigDecimal" -> value.value();
            default ->
                "(" + javaType + ") " + code.constant(new ToCalcite(type)) + ".apply(" + representations.box(value)
                        + ")";
        };
        boolean primitive = Character.isLowerCase(javaType.charAt(0)) && javaType.indexOf('.') < 0;
        if (javaType.equals("java.lang.Boolean")) {
            expression = "Boolean.valueOf(" + expression + ")";
        }
        if (primitive || !nullable) {
            return expression;
        }
        return value.alwaysNull()
                ? "(" + javaType + ") null"
                : "(" + value.isNull() + " ? (" + javaType + ") null : " + expression + ")";
    }

    private ValueCode fromCalcite(RexCall call, String isNull, String expression, boolean primitive) {
        Representation representation = Representation.of(call.getType());
        if (primitive) {
            return code.guarded(
                    isNull,
                    representation,
                    switch (representation) {
                        case LONG -> "(long) " + expression;
                        case DOUBLE -> "(double) " + expression;
                        default -> expression;
                    });
        }
        String object = code.name("o");
        code.append("final Object " + object + " = " + (isNull.equals("false") ? "" : isNull + " ? null : ")
                + expression + ";\n");
        String missing = code.isNull(object);
        ColumnType type = ExpressionTypes.columnType(call.getType());
        return switch (representation) {
            case BOOL -> code.guarded(missing, representation, "((Boolean) " + object + ").booleanValue()");
            case LONG -> code.guarded(missing, representation, "((Number) " + object + ").longValue()");
            case DOUBLE -> code.guarded(missing, representation, "((Number) " + object + ").doubleValue()");
            case SLICE, TEXT ->
                type.type() == SqlType.VARCHAR
                        ? code.guarded(missing, Representation.TEXT, object + ".toString()")
                        : code.guarded(
                                missing,
                                Representation.SLICE,
                                "(byte[]) " + code.constant(new FromCalcite(type)) + ".apply(" + object + ")");
            case DECIMAL ->
                code.guarded(
                        missing,
                        representation,
                        "(" + Representation.DECIMAL.java + ") " + code.constant(new FromCalcite(type)) + ".apply("
                                + object + ")");
            case OBJECT ->
                code.guarded(missing, representation, code.constant(new FromCalcite(type)) + ".apply(" + object + ")");
        };
    }
}
