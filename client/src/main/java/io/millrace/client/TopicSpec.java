package io.millrace.client;

import java.util.Optional;
import java.util.OptionalInt;

/// A topic to be made; what is empty is the server's default.
///
/// @param cleanup `delete` or `compact`
/// @param retentionMs records older than this may go
/// @param retentionBytes older records go when a partition is larger than this
public record TopicSpec(
        String name,
        OptionalInt partitions,
        OptionalInt replication,
        Optional<String> cleanup,
        Optional<Long> retentionMs,
        Optional<Long> retentionBytes) {

    /// A topic with every default.
    public static TopicSpec named(String name) {
        return new TopicSpec(
                name, OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    public TopicSpec withPartitions(int count) {
        return new TopicSpec(name, OptionalInt.of(count), replication, cleanup, retentionMs, retentionBytes);
    }

    public TopicSpec withReplication(int count) {
        return new TopicSpec(name, partitions, OptionalInt.of(count), cleanup, retentionMs, retentionBytes);
    }

    public TopicSpec withCleanup(String policy) {
        return new TopicSpec(name, partitions, replication, Optional.of(policy), retentionMs, retentionBytes);
    }

    public TopicSpec withRetention(Optional<Long> ms, Optional<Long> bytes) {
        return new TopicSpec(name, partitions, replication, cleanup, ms, bytes);
    }
}
