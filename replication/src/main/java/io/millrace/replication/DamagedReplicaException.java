package io.millrace.replication;

import java.io.IOException;

/// A data folder holds something else than was written: a segment, the Raft log, a manifest or the identity.
/// Nothing was changed. With peers the folder is set aside ([ReplicatedLogs#setAside]) and the node joins
/// again; alone, the message says what and where.
public final class DamagedReplicaException extends IOException {
    private static final long serialVersionUID = 1;

    public DamagedReplicaException(String message, Throwable cause) {
        super(message, cause);
    }
}
