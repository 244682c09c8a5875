package io.millrace.replication;

/// How a group's commit was decided.
public sealed interface CommitOutcome {
    /// @param offset committed now; larger than asked for when the request went backwards
    record Committed(long offset, long entryIndex) implements CommitOutcome {}

    record UnknownPartition() implements CommitOutcome {}

    record OutOfRange(long next) implements CommitOutcome {}
}
