package io.millrace.replication;

import io.millrace.log.RecordBuffer;
import org.jspecify.annotations.Nullable;

/// Records for one partition.
///
/// @param records at least one
/// @param idempotencyKey scoped to the topic; null for none
/// @param bodyHash of what the client sent; the same key with another hash is a conflict. 0 without key
/// @param expectOffset offset that the first record must get, −1 for any
/// @param stamp of a query's output; null for ordinary records
public record AppendRequest(
        String topic,
        int partition,
        RecordBuffer records,
        Acknowledgement acknowledgement,
        @Nullable String idempotencyKey,
        long bodyHash,
        long expectOffset,
        @Nullable OutputStamp stamp) {

    /// Plain records, acknowledged by a quorum.
    public static AppendRequest of(String topic, int partition, RecordBuffer records) {
        return new AppendRequest(topic, partition, records, Acknowledgement.QUORUM, null, 0, -1, null);
    }

    /// When an append is answered.
    public enum Acknowledgement {
        /// fsynced on a majority
        QUORUM,
        /// fsynced on every replica
        ALL,
        /// fsynced on the leader
        LEADER,
        /// accepted into memory
        NONE
    }
}
