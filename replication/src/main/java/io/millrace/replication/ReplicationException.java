package io.millrace.replication;

/// The write has certainly not happened; the message says why.
public final class ReplicationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ReplicationException(String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
    }
}
