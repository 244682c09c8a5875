package io.millrace.replication;

/// How a change of a document was decided.
public sealed interface DocumentOutcome {
    /// @param version that it has now; 0 when it was deleted
    record Stored(long version) implements DocumentOutcome {}

    record VersionMismatch(long current) implements DocumentOutcome {}
}
