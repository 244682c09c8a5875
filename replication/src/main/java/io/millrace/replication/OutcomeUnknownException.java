package io.millrace.replication;

/// Nobody can tell whether the write happened; the same idempotency key finds out.
public final class OutcomeUnknownException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public OutcomeUnknownException(String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
    }
}
