package io.millrace.replication;

/// There is no such topic or partition, or none any more: whoever has just found it lost a race with its deletion.
public final class UnknownPartitionException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public UnknownPartitionException(String message) {
        super(message);
    }
}
