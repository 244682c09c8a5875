package io.millrace.query.expression;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.DataContext;
import org.apache.calcite.adapter.enumerable.RexToLixTranslator;
import org.apache.calcite.linq4j.tree.BlockBuilder;
import org.apache.calcite.linq4j.tree.Expression;
import org.apache.calcite.linq4j.tree.Expressions;
import org.apache.calcite.linq4j.tree.ParameterExpression;
import org.apache.calcite.linq4j.tree.Primitive;
import org.apache.calcite.plan.Strong;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexProgram;
import org.apache.calcite.rex.RexProgramBuilder;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.validate.SqlConformanceEnum;

/// Functions of Calcite's runtime as methods of the generated class, one for each distinct call shape.
///
/// A strict call is written over parameters that are never null, so that Calcite's code generator needs no
/// boxes; any other call gets boxed parameters and does its own null checks. Literal operands stay literals
/// (many operators demand it).
final class CalciteCalls {
    /// Function objects that Calcite creates where they are called; several hold caches of compiled patterns.
    private static final Pattern FUNCTION_OBJECT =
            Pattern.compile("new (org\\.apache\\.calcite\\.runtime\\.[\\w.$]*Function(?:Exact)?)\\(\\s*\\)");

    private static final Set<SqlKind> STRICT_TOO = Set.of(SqlKind.CHAR_LENGTH, SqlKind.POSITION, SqlKind.MOD);

    private final StringBuilder members;
    private final Map<String, Method> methods = new HashMap<>();
    private final Map<String, String> functionObjects = new HashMap<>();

    CalciteCalls(StringBuilder members) {
        this.members = members;
    }

    /// @param position among the operands
    record Argument(int position, RelDataType type) {}

    /// @param parameterTypes Java types as they are written
    record Method(String name, List<String> parameterTypes, boolean returnsPrimitive) {}

    /// Whether a null among the operands makes the result null, so that the call need not be made.
    static boolean strict(RexCall call) {
        return Strong.policy(call) == Strong.Policy.ANY || STRICT_TOO.contains(call.getKind());
    }

    Method method(RexCall call, List<RexNode> operands, List<Argument> arguments, boolean strict) {
        RelDataTypeFactory.Builder rowType = ExpressionTypes.FACTORY.builder();
        List<RexNode> newOperands = new ArrayList<>(operands);
        List<ParameterExpression> parameters = new ArrayList<>();
        List<String> parameterTypes = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            Argument argument = arguments.get(i);
            RelDataType type = ExpressionTypes.FACTORY.createTypeWithNullability(argument.type(), !strict);
            rowType.add("a" + i, type);
            Type javaType = ExpressionTypes.FACTORY.getJavaClass(type);
            if (javaType == Void.class) {
                javaType = Object.class;
            }
            parameters.add(Expressions.parameter(javaType, "a" + i));
            parameterTypes.add(written(javaType));
            newOperands.set(argument.position(), ExpressionTypes.REX.makeInputRef(type, i));
        }
        RexNode newCall = call.clone(call.getType(), newOperands);
        RelDataType inputType = rowType.build();
        String key = newCall + " " + call.getType().getFullTypeString() + " " + inputType.getFullTypeString() + strict;
        Method known = methods.get(key);
        if (known != null) {
            return known;
        }
        Method made;
        try {
            made = write(newCall, inputType, parameters, parameterTypes);
        } catch (RuntimeException | AssertionError e) {
            throw new UnsupportedExpressionException(
                    "no implementation of " + call.getOperator().getName() + " for "
                            + call.getOperands().stream()
                                    .map(operand -> operand.getType().toString())
                                    .toList() + " ("
                            + e.getMessage() + ")",
                    e);
        }
        methods.put(key, made);
        return made;
    }

    private Method write(
            RexNode call, RelDataType inputType, List<ParameterExpression> parameters, List<String> parameterTypes) {
        RexProgramBuilder builder = new RexProgramBuilder(inputType, ExpressionTypes.REX);
        builder.addProject(call, "result");
        RexProgram program = builder.getProgram(false);
        // not optimized: linq4j moves code that throws (CALCITE-7728)
        BlockBuilder block = new BlockBuilder(false);
        List<Expression> results = RexToLixTranslator.translateProjects(
                program,
                ExpressionTypes.FACTORY,
                SqlConformanceEnum.BABEL,
                block,
                null,
                null,
                DataContext.ROOT,
                (list, index, storageType) -> parameters.get(index),
                null);
        Expression result = results.get(0);
        block.add(Expressions.return_(null, result));
        String name = "f" + methods.size();
        StringBuilder text = new StringBuilder("private ");
        Type resultType = result.getType();
        boolean primitive = Primitive.is(resultType);
        text.append(primitive ? written(resultType) : "Object")
                .append(' ')
                .append(name)
                .append('(');
        for (int i = 0; i < parameters.size(); i++) {
            text.append(i == 0 ? "final " : ", final ")
                    .append(parameterTypes.get(i))
                    .append(" a")
                    .append(i);
        }
        text.append(") ").append(hoisted(block.toBlock().toString())).append('\n');
        members.append(text);
        return new Method(name, List.copyOf(parameterTypes), primitive);
    }

    /// Function objects become fields.
    private String hoisted(String text) {
        Matcher matcher = FUNCTION_OBJECT.matcher(text);
        StringBuilder changed = new StringBuilder();
        while (matcher.find()) {
            String type = matcher.group(1);
            String field = functionObjects.computeIfAbsent(type, wanted -> {
                String name = "h" + functionObjects.size();
                members.append("private final ")
                        .append(wanted)
                        .append(' ')
                        .append(name)
                        .append(" = new ")
                        .append(wanted)
                        .append("();\n");
                return name;
            });
            matcher.appendReplacement(changed, Matcher.quoteReplacement(field));
        }
        return matcher.appendTail(changed).toString();
    }

    private static String written(Type type) {
        if (type instanceof Class<?> javaClass) {
            String name = javaClass.getCanonicalName();
            return name == null ? "Object" : name;
        }
        return "Object[]"; // synthetic record types stand for rows
    }
}
