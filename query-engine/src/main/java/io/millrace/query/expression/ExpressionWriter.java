package io.millrace.query.expression;

import io.millrace.query.plan.CalcProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.jspecify.annotations.Nullable;

/// Writes the code of expressions, each by the class that knows its operator.
///
/// Shared sub-expressions are computed once in each method and scope: inside a branch of CASE only when the
/// branch is taken. A sub-expression that is large by itself becomes a method that leaves its result in fields.
final class ExpressionWriter {
    private static final int NODE_LENGTH_MAX = 5_000;

    private final CalcProgram program;
    private final ColumnFields columns;
    private final CodeWriter code;
    private final LiteralWriter literals;
    private final LogicWriter logic;
    private final ComparisonWriter comparisons;
    private final ChoiceWriter choices;
    private final TimeWriter times;
    private final NumberWriter numbers;
    private final TextWriter texts;
    private final JsonWriter json;
    private final NestedWriter nested;
    private final CastWriter casts;
    private final CalciteWriter calcite;
    private final Map<String, Method> methods = new HashMap<>();
    private @Nullable RexNode methodRoot;

    ExpressionWriter(CalcProgram program, ColumnFields columns, CodeWriter code) {
        this.program = program;
        this.columns = columns;
        this.code = code;
        Representations representations = new Representations(code);
        literals = new LiteralWriter(code);
        logic = new LogicWriter(this, code, representations);
        comparisons = new ComparisonWriter(this, code, representations);
        choices = new ChoiceWriter(this, code, representations);
        times = new TimeWriter(this, code);
        numbers = new NumberWriter(this, code, representations, times);
        texts = new TextWriter(this, code, representations);
        json = new JsonWriter(this, code, representations);
        nested = new NestedWriter(this, code, representations, json);
        casts = new CastWriter(this, code, representations, json);
        calcite = new CalciteWriter(this, code, representations, new CalciteCalls(code.members()));
    }

    /// @param value over the fields where the method leaves it
    private record Method(String name, ValueCode value) {}

    /// Writes what computes an expression, unless it is computed already.
    ValueCode write(RexNode node) {
        return switch (node) {
            case RexLocalRef local -> {
                ValueCode known = code.method().computed(local.getIndex());
                if (known != null) {
                    yield known;
                }
                ValueCode value = write(program.rex().getExprList().get(local.getIndex()));
                code.method().remember(local.getIndex(), value);
                yield value;
            }
            case RexInputRef input -> columns.value(input.getIndex());
            case RexLiteral literal -> literals.write(literal);
            case RexFieldAccess access -> nested.field(access);
            case RexCall call -> callOrMethod(call);
            default ->
                throw new UnsupportedExpressionException("expression " + node + " cannot be evaluated for each row");
        };
    }

    List<ValueCode> writeAll(List<RexNode> nodes) {
        List<ValueCode> values = new ArrayList<>();
        for (RexNode node : nodes) {
            values.add(write(node));
        }
        return values;
    }

    /// The node itself where a node refers to a shared one.
    RexNode resolve(RexNode node) {
        return Nodes.resolve(program, node);
    }

    /// A call that Calcite's own runtime computes.
    ValueCode viaCalcite(RexCall call) {
        return calcite.call(call);
    }

    /// A call whose code is long becomes a method of its own.
    private ValueCode callOrMethod(RexCall call) {
        if (call == methodRoot) {
            return call(call);
        }
        String key = call.toString() + " " + call.getType().getFullTypeString();
        Method method = methods.get(key);
        if (method == null) {
            MethodCode.Mark before = code.method().mark();
            ValueCode value = call(call);
            if (code.method().text().length() - before.length() <= NODE_LENGTH_MAX) {
                return value;
            }
            code.method().backTo(before);
            method = method(call);
            methods.put(key, method);
        }
        code.append(method.name + "(row);\n");
        return method.value;
    }

    private Method method(RexCall call) {
        MethodCode outer = code.method();
        RexNode outerRoot = methodRoot;
        MethodCode inner = new MethodCode();
        code.enter(inner);
        methodRoot = call;
        ValueCode value = call(call);
        String name = "m" + code.number();
        Representation representation = value.representation();
        boolean slice = representation == Representation.SLICE;
        StringBuilder members = code.members();
        members.append("private boolean " + name + "n; private " + representation.java + " " + name + "v;\n");
        if (slice) {
            members.append("private int " + name + "s; private int " + name + "l;\n");
        }
        members.append("private void " + name + "(int row) {\n")
                .append(columns.localCopies(inner))
                .append(inner.text())
                .append(name + "n = " + value.isNull() + ";\n")
                .append(name + "v = " + value.value() + ";\n");
        if (slice) {
            members.append(name + "s = " + value.start() + "; " + name + "l = " + value.length() + ";\n");
        }
        members.append("}\n");
        code.enter(outer);
        methodRoot = outerRoot;
        return new Method(name, new ValueCode(name + "n", representation, name + "v", name + "s", name + "l", null));
    }

    private ValueCode call(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (MillraceFunctions.isOwn(call.getOperator())) {
            return ownFunction(call);
        }
        return switch (call.getKind()) {
            case AND, OR -> logic.logical(call);
            case NOT -> logic.not(call);
            case IS_NULL, IS_NOT_NULL -> logic.isNull(call);
            case IS_TRUE, IS_NOT_TRUE, IS_FALSE, IS_NOT_FALSE, IS_UNKNOWN -> logic.isTruth(call);
            case EQUALS, NOT_EQUALS, LESS_THAN, LESS_THAN_OR_EQUAL, GREATER_THAN, GREATER_THAN_OR_EQUAL ->
                comparisons.comparison(call.getKind(), write(operands.get(0)), write(operands.get(1)));
            case IS_DISTINCT_FROM, IS_NOT_DISTINCT_FROM ->
                comparisons.distinct(
                        write(operands.get(0)), write(operands.get(1)), call.getKind() == SqlKind.IS_DISTINCT_FROM);
            case SEARCH -> comparisons.search(call);
            case CASE -> choices.caseWhen(call);
            case COALESCE, NVL -> choices.coalesce(call);
            case PLUS, CHECKED_PLUS, MINUS, CHECKED_MINUS, TIMES, CHECKED_TIMES, DIVIDE, CHECKED_DIVIDE, MOD ->
                numbers.arithmetic(call);
            case MINUS_PREFIX, CHECKED_MINUS_PREFIX -> numbers.negation(call);
            case PLUS_PREFIX -> write(operands.get(0));
            case FLOOR, CEIL -> numbers.rounding(call);
            case CAST, SAFE_CAST -> casts.call(call);
            case REINTERPRET -> casts.reinterpret(call);
            case LIKE -> texts.like(call);
            case CHAR_LENGTH -> texts.characterCount(call);
            case ITEM -> nested.item(call);
            case ROW -> nested.row(call);
            case ARRAY_VALUE_CONSTRUCTOR -> nested.array(call);
            case OTHER -> call.getOperator() == SqlStdOperatorTable.CONCAT ? texts.concat(call) : viaCalcite(call);
            case OTHER_FUNCTION -> {
                if (operands.isEmpty()) {
                    yield viaCalcite(call);
                }
                if (call.getOperator() == SqlStdOperatorTable.POWER) {
                    yield numbers.power(call);
                }
                yield Nodes.isPartOfText(call) ? texts.part(call) : json.function(call);
            }
            default -> viaCalcite(call);
        };
    }

    private ValueCode ownFunction(RexCall call) {
        return switch (call.getOperator().getName()) {
            case MillraceFunctions.WINDOW_START_NAME -> times.window(call, false);
            case MillraceFunctions.WINDOW_END_NAME -> times.window(call, true);
            case MillraceFunctions.JSON_GET_NAME -> json.get(call, false);
            case MillraceFunctions.JSON_GET_TEXT_NAME -> json.get(call, true);
            default -> throw new UnsupportedExpressionException("no implementation of " + call.getOperator());
        };
    }
}
