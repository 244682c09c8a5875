package io.millrace.replication;

public sealed interface DocumentOutcome {
    record Stored(long version) implements DocumentOutcome {}

    record VersionMismatch(long current) implements DocumentOutcome {}
}
