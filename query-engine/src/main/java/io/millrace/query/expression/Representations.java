package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import org.apache.calcite.rel.type.RelDataType;

/// Moves values from one representation, or one type, to another.
final class Representations {
    private final CodeWriter code;

    Representations(CodeWriter code) {
        this.code = code;
    }

    /// A text or bytes as array, start and length.
    ValueCode slice(ValueCode value) {
        return switch (value.representation()) {
            case SLICE -> value;
            case TEXT -> code.guarded(value.isNull(), Representation.SLICE, FUNCTIONS + "utf8(" + value.value() + ")");
            default -> throw new UnsupportedExpressionException("text expected");
        };
    }

    /// The same value held in another way.
    ///
    /// @throws UnsupportedExpressionException there is no way
    ValueCode as(ValueCode value, Representation wanted) {
        if (value.representation() == wanted) {
            return value;
        }
        if (value.alwaysNull()) {
            return ValueCode.nothing(wanted);
        }
        return switch (wanted) {
            case DOUBLE ->
                switch (value.representation()) {
                    case LONG -> ValueCode.of(value.isNull(), wanted, "(double) " + value.value());
                    case DECIMAL -> code.guarded(value.isNull(), wanted, value.value() + ".doubleValue()");
                    default -> throw new UnsupportedExpressionException("number expected");
                };
            case DECIMAL ->
                switch (value.representation()) {
                    case LONG ->
                        code.guarded(
                                value.isNull(),
                                wanted,
                                Representation.DECIMAL.java + ".valueOf(" + value.value() + ")");
                    case DOUBLE -> code.guarded(value.isNull(), wanted, FUNCTIONS + "decimal(" + value.value() + ")");
                    default -> throw new UnsupportedExpressionException("number expected");
                };
            case SLICE -> slice(value);
            case TEXT -> code.guarded(value.isNull(), wanted, value.asText());
            case LONG -> {
                if (value.representation() == Representation.BOOL) {
                    yield ValueCode.of(value.isNull(), wanted, "(" + value.value() + " ? 1L : 0L)");
                }
                throw new UnsupportedExpressionException("whole number expected");
            }
            case BOOL, OBJECT ->
                throw new UnsupportedExpressionException(
                        "a value held as " + value.representation() + " cannot be used as " + wanted);
        };
    }

    /// The boxed value as columns hold it, null when null.
    String box(ValueCode value) {
        String boxed = switch (value.representation()) {
            case BOOL -> "Long.valueOf(" + value.value() + " ? 1L : 0L)";
            case LONG -> "Long.valueOf(" + value.value() + ")";
            case DOUBLE -> "Double.valueOf(" + value.value() + ")";
            case DECIMAL, OBJECT -> value.value();
            case SLICE -> FUNCTIONS + "copy(" + value.slice() + ")";
            case TEXT -> FUNCTIONS + "utf8(" + value.value() + ")";
        };
        if (value.alwaysNull()) {
            return "null";
        }
        return value.neverNull() ? boxed : "(" + value.isNull() + " ? null : (Object) " + boxed + ")";
    }

    /// A value from a boxed one as columns hold it.
    ValueCode unbox(String object, RelDataType type) {
        String isNull = code.isNull(object);
        Representation representation = Representation.of(type);
        return switch (representation) {
            case BOOL -> code.guarded(isNull, representation, "((Long) " + object + ").longValue() != 0L");
            case LONG -> code.guarded(isNull, representation, "((Long) " + object + ").longValue()");
            case DOUBLE -> code.guarded(isNull, representation, "((Double) " + object + ").doubleValue()");
            case DECIMAL -> code.guarded(isNull, representation, "(" + Representation.DECIMAL.java + ") " + object);
            case SLICE, TEXT -> code.guarded(isNull, Representation.SLICE, "(byte[]) " + object);
            case OBJECT -> ValueCode.of(isNull, representation, object);
        };
    }

    /// A value of one type as a value of another one that can hold it.
    ValueCode convert(ValueCode value, RelDataType from, RelDataType to) {
        if (value.alwaysNull()) {
            return ValueCode.nothing(Representation.of(to));
        }
        ValueCode held = as(value, Representation.of(to));
        if (held.representation() == Representation.DECIMAL
                && (value.representation() != Representation.DECIMAL || from.getScale() != to.getScale())) {
            return fit(held.isNull(), held.value(), to);
        }
        return held;
    }

    /// A decimal rounded to a type's scale; one with too many digits fails.
    ValueCode fit(String isNull, String expression, RelDataType type) {
        return code.guarded(
                isNull,
                Representation.DECIMAL,
                FUNCTIONS + "fit(" + expression + ", " + type.getPrecision() + ", " + type.getScale() + ")");
    }
}
