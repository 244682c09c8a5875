package io.millrace.query.expression;

import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.util.List;
import java.util.Set;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexLocalRef;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUnknownAs;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.fun.SqlLikeOperator;
import org.apache.calcite.util.NlsString;
import org.apache.calcite.util.Sarg;
import org.jspecify.annotations.Nullable;

/// What generated code and [RowInterpreter] must agree on about expression nodes: what a reference stands for,
/// and which calls have a meaning of our own instead of Calcite's.
final class Nodes {
    private static final Set<String> PARTS_OF_TEXT = Set.of("SUBSTRING", "LEFT", "RIGHT");

    private Nodes() {}

    /// The node itself where a node refers to an expression of the program that is shared.
    static RexNode resolve(CalcProgram program, RexNode node) {
        List<RexNode> expressions = program.rex().getExprList();
        RexNode at = node;
        while (at instanceof RexLocalRef local) {
            at = expressions.get(local.getIndex());
        }
        return at;
    }

    /// The input column that an output only copies; -1 when it is computed.
    static int inputOf(CalcProgram program, RexLocalRef project) {
        return resolve(program, project) instanceof RexInputRef input ? input.getIndex() : -1;
    }

    /// The comparisons that a SEARCH stands for.
    static <C extends Comparable<C>> RexNode comparisons(RexNode reference, Sarg<C> ranges, RelDataType type) {
        return RexUtil.sargRef(ExpressionTypes.REX, reference, ranges, type, RexUnknownAs.UNKNOWN);
    }

    static boolean isMinus(RexCall call) {
        return call.getKind() == SqlKind.MINUS || call.getKind() == SqlKind.CHECKED_MINUS;
    }

    /// LIKE, as opposed to ILIKE, RLIKE and SIMILAR TO.
    static boolean isPlainLike(RexCall call) {
        return call.getOperator() instanceof SqlLikeOperator like
                && like.isCaseSensitive()
                && like.getName().equals("LIKE");
    }

    /// SUBSTRING, LEFT and RIGHT of text, which Calcite's runtime cuts between surrogates.
    static boolean isPartOfText(RexCall call) {
        List<RexNode> operands = call.getOperands();
        if (!PARTS_OF_TEXT.contains(call.getOperator().getName())
                || ExpressionTypes.columnType(operands.get(0).getType()).type() != SqlType.VARCHAR) {
            return false;
        }
        return operands.stream()
                .skip(1)
                .allMatch(operand -> ExpressionTypes.isWhole(
                        ExpressionTypes.columnType(operand.getType()).type()));
    }

    /// The path of JSON_VALUE, JSON_QUERY or JSON_EXISTS; null for other calls, and for paths that only Calcite
    /// understands.
    static @Nullable JsonPath plainJsonPath(RexCall call, RexNode path) {
        boolean json = switch (call.getOperator().getName()) {
            case "JSON_VALUE", "JSON_QUERY", "JSON_EXISTS" -> true;
            default -> false;
        };
        return json
                        && ExpressionTypes.columnType(call.getOperands().get(0).getType())
                                        .type()
                                        .storage()
                                == SqlType.Storage.BYTES
                        && path instanceof RexLiteral literal
                        && !literal.isNull()
                        && literal.getValue() instanceof NlsString
                ? JsonPath.parse(Literals.text(literal))
                : null;
    }

    /// Place of the field that a literal names, or counts from 1.
    static int rowField(RelDataType row, RexLiteral literal) {
        if (ExpressionTypes.columnType(literal.getType()).type() == SqlType.VARCHAR) {
            var field = row.getField(Literals.text(literal), true, false);
            if (field == null) {
                throw new UnsupportedExpressionException("no field " + literal + " in " + row);
            }
            return field.getIndex();
        }
        int index = Literals.decimal(literal).intValueExact() - 1;
        if (index < 0 || index >= row.getFieldCount()) {
            throw new UnsupportedExpressionException("no field " + literal + " in " + row);
        }
        return index;
    }
}
