package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;

/// LIKE, concatenation and parts of texts, over UTF-8 bytes.
final class TextWriter {
    private final ExpressionWriter expressions;
    private final CodeWriter code;
    private final Representations representations;

    TextWriter(ExpressionWriter expressions, CodeWriter code, Representations representations) {
        this.expressions = expressions;
        this.code = code;
        this.representations = representations;
    }

    /// CHAR_LENGTH.
    ValueCode characterCount(RexCall call) {
        ValueCode value =
                representations.slice(expressions.write(call.getOperands().get(0)));
        return code.guarded(value.isNull(), Representation.LONG, FUNCTIONS + "characterCount(" + value.slice() + ")");
    }

    /// LIKE with constant pattern and escape character.
    ValueCode like(RexCall call) {
        List<RexNode> operands = call.getOperands();
        RexNode pattern = expressions.resolve(operands.get(1));
        RexNode escape = operands.size() > 2 ? expressions.resolve(operands.get(2)) : null;
        if (!Nodes.isPlainLike(call)
                || !(pattern instanceof RexLiteral patternLiteral)
                || patternLiteral.isNull()
                || (escape != null && !(escape instanceof RexLiteral literal && !literal.isNull()))) {
            return expressions.viaCalcite(call);
        }
        String escapeText = escape == null ? "" : Literals.text((RexLiteral) escape);
        ValueCode value = representations.slice(expressions.write(operands.get(0)));
        LikePattern compiled;
        try {
            compiled = LikePattern.compile(Literals.text(patternLiteral), escapeText);
        } catch (IllegalArgumentException e) {
            throw new UnsupportedExpressionException(String.valueOf(e.getMessage()), e);
        }
        return code.guarded(
                value.isNull(), Representation.BOOL, code.constant(compiled) + ".matches(" + value.slice() + ")");
    }

    /// The operator `||` on texts.
    ValueCode concat(RexCall call) {
        ValueCode left =
                representations.slice(expressions.write(call.getOperands().get(0)));
        ValueCode right =
                representations.slice(expressions.write(call.getOperands().get(1)));
        return code.guarded(
                code.nullOf(List.of(left, right)),
                Representation.SLICE,
                FUNCTIONS + "concat(" + left.slice() + ", " + right.slice() + ")");
    }

    /// SUBSTRING, LEFT and RIGHT.
    ValueCode part(RexCall call) {
        List<ValueCode> values = new ArrayList<>(expressions.writeAll(call.getOperands()));
        values.set(0, representations.slice(values.get(0)));
        String isNull = code.nullOf(values);
        String name = call.getOperator().getName().toLowerCase(Locale.ROOT);
        StringBuilder text =
                new StringBuilder(FUNCTIONS + name + "(" + values.get(0).slice());
        for (ValueCode value : values.subList(1, values.size())) {
            text.append(", ").append(value.value());
        }
        if (name.equals("substring") && values.size() == 2) {
            text.append(", ").append("Long.MAX_VALUE");
        }
        return code.guarded(isNull, Representation.SLICE, text.append(')').toString());
    }
}
