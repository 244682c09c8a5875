package io.millrace.query;

import io.millrace.log.RecordBuffer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Where queries write. Futures complete exceptionally with a message for the user when the write was refused.
public interface OutputPort {
    /// Creates a topic; fine when it exists with as many partitions.
    CompletableFuture<Void> createTopic(String topic, int partitions, boolean compacted);

    CompletableFuture<Void> deleteTopic(String topic);

    /// Appends records, durable when the future completes.
    ///
    /// @param stamp null for INSERT; else refused when a newer generation owns the query
    /// @return the offset of the first record
    CompletableFuture<Long> append(String topic, int partition, RecordBuffer records, @Nullable Stamp stamp);

    /// Appends a marker ([io.millrace.log.RecordBuffer#marker]) if the partition's next offset is still
    /// `expectOffset`.
    ///
    /// @return whether it stands there now; false when a record came first
    CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value);

    /// Shuts out all older generations of a query.
    CompletableFuture<Void> fence(String query, long generation);

    /// Newest generation and stamps of a query by partition of its output.
    Map<Integer, Stamp> stamps(String query, String topic);

    /// Says which part of a query's output an append is.
    record Stamp(String query, long generation, long step, Frontier frontier, long watermarkMs) {}
}
