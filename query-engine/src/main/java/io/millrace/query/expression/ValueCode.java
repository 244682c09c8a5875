package io.millrace.query.expression;

import static io.millrace.query.expression.CodeWriter.FUNCTIONS;

import org.jspecify.annotations.Nullable;

/// A value as generated code has it: a null flag and, by representation, one or three Java expressions.
///
/// Nullability is derived from the values, never from the planner's types.
///
/// @param isNull Java expression; the text `true` or `false` when it is known already
/// @param value Java expression, without effects; of a slice its array
/// @param start of a slice: a Java expression
/// @param length of a slice: a Java expression
/// @param string of a slice: an expression for the same as String, when there is a cheap one
record ValueCode(
        String isNull,
        Representation representation,
        String value,
        String start,
        String length,
        @Nullable String string) {
    static ValueCode of(String isNull, Representation representation, String value) {
        return new ValueCode(isNull, representation, value, "0", value + ".length", null);
    }

    static ValueCode nothing(Representation representation) {
        return new ValueCode("true", representation, representation.nothing, "0", "0", null);
    }

    boolean alwaysNull() {
        return isNull.equals("true");
    }

    boolean neverNull() {
        return isNull.equals("false");
    }

    /// A Java condition that holds when a boolean is known and true.
    String isTrue() {
        return alwaysNull() ? "false" : neverNull() ? value : "!" + isNull + " && " + value;
    }

    /// Array, start and length of a slice, as the arguments of a method.
    String slice() {
        return value + ", " + start + ", " + length;
    }

    /// A Java expression for a text as String.
    ///
    /// @throws UnsupportedExpressionException it is no text
    String asText() {
        return switch (representation) {
            case TEXT -> value;
            case SLICE -> string != null ? string : FUNCTIONS + "text(" + slice() + ")";
            case BOOL, LONG, DOUBLE, DECIMAL, OBJECT -> throw new UnsupportedExpressionException("text expected");
        };
    }
}
