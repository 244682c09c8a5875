package io.millrace.query.expression;

/// The compiler has no way to evaluate an expression; the message names it. Thrown when a query is started,
/// never for a row.
public final class UnsupportedExpressionException extends IllegalArgumentException {
    public UnsupportedExpressionException(String message) {
        super(message);
    }

    public UnsupportedExpressionException(String message, Throwable cause) {
        super(message, cause);
    }
}
