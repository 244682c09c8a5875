package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import io.millrace.query.data.SqlType;
import java.util.List;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexFieldAccess;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;

/// Rows, arrays and maps: made, and taken apart.
final class NestedWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;
    private final JsonWriter json;

    NestedWriter(ExpressionWriter expressions, CodeWriter code, Representations representations, JsonWriter json) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
        this.json = json;
    }

    /// A field of a row.
    ValueCode field(RexFieldAccess access) {
        ValueCode row = expressions.write(access.getReferenceExpr());
        String object = code.name("o");
        int index = access.getField().getIndex();
        code.append("final Object " + object + " = "
                + (row.alwaysNull()
                        ? "null"
                        : row.isNull() + " ? null : ((Object[]) " + row.value() + ")[" + index + "]")
                + ";\n");
        return representations.unbox(object, access.getType());
    }

    /// An element of an array, an entry of a map, a field of a row or a member of a document.
    ValueCode item(RexCall call) {
        RexNode container = call.getOperands().get(0);
        RexNode index = call.getOperands().get(1);
        SqlType type = ExpressionTypes.columnType(container.getType()).type();
        ValueCode from = expressions.write(container);
        ValueCode at = expressions.write(index);
        String isNull = code.nullOf(List.of(from, at));
        if (isNull.equals("true")) {
            return ValueCode.nothing(Representation.of(call.getType()));
        }
        String found;
        if (type == SqlType.ARRAY
                && at.representation() == Representation.LONG
                && call.getOperator() == SqlStdOperatorTable.ITEM) {
            found = FUNCTIONS + "element(" + from.value() + ", " + at.value() + ")";
        } else if (type == SqlType.MAP
                && (at.representation() == Representation.SLICE || at.representation() == Representation.TEXT)) {
            found = FUNCTIONS + "entry(" + from.value() + ", " + at.asText() + ")";
        } else if (type == SqlType.JSON && from.representation() == Representation.SLICE) {
            return json.item(index, from, at, isNull);
        } else if (type == SqlType.ROW && expressions.resolve(index) instanceof RexLiteral literal) {
            int field = Nodes.rowField(container.getType(), literal);
            found = "((Object[]) " + from.value() + ")[" + field + "]";
        } else {
            return expressions.viaCalcite(call);
        }
        String object = code.name("o");
        code.append("final Object " + object + " = " + isNull + " ? null : " + found + ";\n");
        return representations.unbox(object, call.getType());
    }

    /// ROW(...).
    ValueCode row(RexCall call) {
        StringBuilder text = new StringBuilder("new Object[] {");
        for (int i = 0; i < call.getOperands().size(); i++) {
            RexNode operand = call.getOperands().get(i);
            RelDataType wanted = call.getType().getFieldList().get(i).getType();
            text.append(i == 0 ? "" : ", ")
                    .append(representations.box(
                            representations.convert(expressions.write(operand), operand.getType(), wanted)));
        }
        return code.guarded("false", Representation.OBJECT, text.append('}').toString());
    }

    /// ARRAY[...].
    ValueCode array(RexCall call) {
        RelDataType wanted = call.getType().getComponentType();
        if (wanted == null) {
            return expressions.viaCalcite(call);
        }
        StringBuilder text = new StringBuilder("java.util.Arrays.asList(new Object[] {");
        for (int i = 0; i < call.getOperands().size(); i++) {
            RexNode operand = call.getOperands().get(i);
            text.append(i == 0 ? "" : ", ")
                    .append(representations.box(
                            representations.convert(expressions.write(operand), operand.getType(), wanted)));
        }
        return code.guarded("false", Representation.OBJECT, text.append("})").toString());
    }
}
