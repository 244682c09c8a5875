package io.millrace.query.expression;

/// A row cannot be evaluated; its message is the reason that people read. Has no stack trace: one is made for
/// each failing row.
public final class RowFailure extends RuntimeException {
    public RowFailure(String reason) {
        super(reason, null, false, false);
    }

    static RowFailure divisionByZero() {
        return new RowFailure("division by zero");
    }

    static RowFailure outOfRange(String type) {
        return new RowFailure(type + " out of range");
    }

    static RowFailure badCast(String value, String type) {
        String shown = value.length() > 60 ? value.substring(0, 57) + "..." : value;
        return new RowFailure("cannot cast '" + shown + "' to " + type);
    }

    /// What to tell people about whatever a function threw.
    public static String reasonOf(Throwable thrown) {
        Throwable cause = thrown;
        while (cause.getCause() != null && cause.getCause() != cause && !(cause instanceof RowFailure)) {
            cause = cause.getCause();
        }
        String message = cause.getMessage();
        if (cause instanceof RowFailure && message != null) {
            return message;
        }
        if (cause instanceof ArithmeticException) {
            return message == null || message.contains("zero") ? "division by zero" : "number out of range: " + message;
        }
        if (cause instanceof StackOverflowError) {
            return "value nested too deeply for this expression";
        }
        return message == null || message.isEmpty() ? cause.getClass().getSimpleName() : message;
    }
}
