package io.millrace.replication.partition;

/// A committed entry that this program cannot read: damaged on the way, or written by a newer version. Nothing
/// can be skipped, so the group stops.
final class InvalidEntryException extends RuntimeException {
    private static final long serialVersionUID = 1;

    InvalidEntryException(String message) {
        super(message);
    }
}
