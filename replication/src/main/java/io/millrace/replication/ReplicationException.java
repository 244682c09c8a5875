package io.millrace.replication;

/// The write has certainly not happened; the message says why.
public sealed class ReplicationException extends RuntimeException permits NotLeaderException {
    private static final long serialVersionUID = 1;

    public ReplicationException(String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause);
    }
}
