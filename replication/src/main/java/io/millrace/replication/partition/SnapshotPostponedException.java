package io.millrace.replication.partition;

import java.io.IOException;

/// A snapshot was not taken, and nothing is lost by it: the manifest before it stays in force, and the consensus log
/// holds what came since. It can be tried again, for example when the disk has space.
public final class SnapshotPostponedException extends IOException {
    private static final long serialVersionUID = 1;

    SnapshotPostponedException(IOException cause) {
        super("the manifest could not be written: " + cause.getMessage(), cause);
    }
}
