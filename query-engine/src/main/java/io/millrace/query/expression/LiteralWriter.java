package io.millrace.query.expression;

import org.apache.calcite.rex.RexLiteral;
import org.jspecify.annotations.Nullable;

/// Literals: numbers are written, everything else becomes a constant of the generated class.
final class LiteralWriter {
    private final CodeWriter code;

    LiteralWriter(CodeWriter code) {
        this.code = code;
    }

    ValueCode write(RexLiteral literal) {
        Representation representation = Representation.of(literal.getType());
        Object value = Literals.value(literal);
        if (value == null) {
            return ValueCode.nothing(representation);
        }
        return switch (representation) {
            case BOOL -> known(representation, (Long) value != 0 ? "true" : "false");
            case LONG -> known(representation, text((Long) value));
            case DOUBLE ->
                known(representation, "Double.longBitsToDouble(" + Double.doubleToLongBits((Double) value) + "L)");
            case DECIMAL, OBJECT -> known(representation, code.constant(value));
            case SLICE, TEXT -> {
                String bytes = code.constant(value);
                yield new ValueCode("false", Representation.SLICE, bytes, "0", bytes + ".length", string(literal));
            }
        };
    }

    private static ValueCode known(Representation representation, String value) {
        return ValueCode.of("false", representation, value);
    }

    private @Nullable String string(RexLiteral literal) {
        return switch (ExpressionTypes.columnType(literal.getType()).type()) {
            case VARCHAR, JSON -> code.constant(Literals.text(literal));
            default -> null;
        };
    }

    /// A number as it is written in Java.
    static String text(long number) {
        return number == Long.MIN_VALUE ? "Long.MIN_VALUE" : number < 0 ? "(" + number + "L)" : number + "L";
    }
}
