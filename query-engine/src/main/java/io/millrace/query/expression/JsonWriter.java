package io.millrace.query.expression;

import io.millrace.query.data.SqlType;
import java.util.List;
import java.util.Set;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;

/// Paths into JSON documents: our own operators, and of the standard's functions what needs no clauses.
final class JsonWriter {
    private static final Set<String> DEFAULT_CLAUSES = Set.of("NULL", "WITHOUT_ARRAY", "FALSE");

    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;

    JsonWriter(ExpressionWriter expressions, CodeWriter code, Representations representations) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
    }

    /// JSON_VALUE, JSON_QUERY and JSON_EXISTS with a constant plain path and without clauses; the rest goes to
    /// Calcite.
    ValueCode function(RexCall call) {
        JsonPath path = call.getOperands().size() < 2
                ? null
                : Nodes.plainJsonPath(
                        call, expressions.resolve(call.getOperands().get(1)));
        if (path == null || !clausesAreDefault(call)) {
            return expressions.viaCalcite(call);
        }
        ValueCode document = expressions.write(call.getOperands().get(0));
        if (document.alwaysNull()) {
            return ValueCode.nothing(Representation.of(call.getType()));
        }
        ValueCode bytes = representations.slice(document);
        String method = switch (call.getOperator().getName()) {
            case "JSON_VALUE" -> "scalar";
            case "JSON_QUERY" -> "structure";
            default -> "exists";
        };
        String invocation = code.constant(path) + "." + method + "(" + bytes.slice() + ")";
        if (method.equals("exists")) {
            return code.guarded(bytes.isNull(), Representation.BOOL, invocation);
        }
        return found(bytes.isNull(), invocation);
    }

    /// NULL ON EMPTY, NULL ON ERROR, WITHOUT WRAPPER, and text as the result.
    private boolean clausesAreDefault(RexCall call) {
        boolean exists = call.getOperator().getName().equals("JSON_EXISTS");
        SqlType type = ExpressionTypes.columnType(call.getType()).type();
        if (type != (exists ? SqlType.BOOLEAN : SqlType.VARCHAR)) {
            return false;
        }
        for (RexNode operand : call.getOperands().subList(2, call.getOperands().size())) {
            if (!(expressions.resolve(operand) instanceof RexLiteral literal)) {
                return false;
            }
            if (!literal.isNull() && !DEFAULT_CLAUSES.contains(String.valueOf(literal.getValue()))) {
                return false;
            }
        }
        return true;
    }

    /// A member or element of a document, null where `isNull` says so.
    ValueCode item(RexNode step, ValueCode document, ValueCode at, String isNull) {
        return extract(document, isNull, path(step, at), false);
    }

    /// JSON_GET and JSON_GET_TEXT.
    ///
    /// @param unquoted whether a string's characters are wanted instead of its JSON text
    ValueCode get(RexCall call, boolean unquoted) {
        List<ValueCode> values = expressions.writeAll(call.getOperands());
        String isNull = code.nullOf(values);
        return extract(values.get(0), isNull, path(call.getOperands().get(1), values.get(1)), unquoted);
    }

    /// A Java expression for the path: a constant when the text is one.
    private String path(RexNode node, ValueCode value) {
        RexNode resolved = expressions.resolve(node);
        if (resolved instanceof RexLiteral literal && !literal.isNull()) {
            if (ExpressionTypes.columnType(literal.getType()).type() == SqlType.VARCHAR) {
                return code.constant(JsonPath.member(Literals.text(literal)));
            }
            return code.constant(JsonPath.element(Literals.decimal(literal).intValueExact()));
        }
        return value.representation() == Representation.LONG
                ? "io.millrace.query.expression.JsonPath.element((int) " + value.value() + ")"
                : "io.millrace.query.expression.JsonPath.member(" + value.asText() + ")";
    }

    private ValueCode extract(ValueCode document, String isNull, String path, boolean unquoted) {
        if (isNull.equals("true")) {
            return ValueCode.nothing(Representation.SLICE);
        }
        ValueCode bytes = representations.slice(document);
        return found(isNull, path + (unquoted ? ".text(" : ".json(") + bytes.slice() + ")");
    }

    /// The result of a search in a document, null when there is none.
    private ValueCode found(String isNull, String search) {
        String found = code.name("j");
        code.append("final byte[] " + found + " = " + isNull + " ? null : " + search + ";\n");
        return code.guarded(code.isNull(found), Representation.SLICE, found);
    }

    /// A whole document as text: JSON null is NULL, a string its characters.
    ValueCode scalar(ValueCode document) {
        ValueCode bytes = representations.slice(document);
        return extract(bytes, bytes.isNull(), code.constant(JsonPath.ROOT), true);
    }
}
