package io.millrace.replication;

public sealed interface FenceOutcome {
    record Raised() implements FenceOutcome {}

    record Stale(long currentGeneration) implements FenceOutcome {}
}
