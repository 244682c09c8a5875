package io.millrace.replication;

/// How an append was decided.
public sealed interface AppendOutcome {
    /// The records are in the log.
    ///
    /// @param entryIndex position in the Raft log; served as `batch_id`
    record Appended(long firstOffset, int count, long entryIndex, Timing timing) implements AppendOutcome {}

    /// Accepted into memory; asked for with [AppendRequest.Acknowledgement#NONE].
    record Accepted() implements AppendOutcome {}

    /// The same idempotency key and body came before.
    record Duplicate(long firstOffset, int count) implements AppendOutcome {}

    /// The same idempotency key came before with another body.
    record IdempotencyConflict() implements AppendOutcome {}

    record OffsetMismatch(long expected, long next) implements AppendOutcome {}

    /// A newer generation of the query owns this output.
    record Fenced(long currentGeneration) implements AppendOutcome {}

    record UnknownTopic() implements AppendOutcome {}

    record UnknownPartition(int partitions) implements AppendOutcome {}

    /// Another node leads; null while nobody does.
    record NotLeader(@org.jspecify.annotations.Nullable String leader) implements AppendOutcome {}

    /// Too much is waiting already; nothing happened.
    record Overloaded() implements AppendOutcome {}

    /// The disk is (nearly) full; nothing happened.
    record DiskFull() implements AppendOutcome {}

    /// Larger than one entry may be; nothing happened.
    record TooLarge(int limitBytes) implements AppendOutcome {}

    /// Microseconds spent waiting for an entry, from there to the commit, and from there until applied.
    record Timing(long queueUs, long commitUs, long appendUs) {}
}
