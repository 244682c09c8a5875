package io.millrace.http.json;

/// Text that is not JSON; the message names line and column.
public final class MalformedJsonException extends Exception {
    private static final long serialVersionUID = 1;

    public MalformedJsonException(String message) {
        super(message);
    }
}
