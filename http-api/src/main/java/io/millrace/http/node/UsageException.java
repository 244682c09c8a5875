package io.millrace.http.node;

/// What the user asked for cannot be done; the message says how to ask instead.
final class UsageException extends Exception {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(message);
    }
}
