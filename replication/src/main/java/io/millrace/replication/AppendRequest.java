package io.millrace.replication;

import io.millrace.log.RecordBuffer;
import org.jspecify.annotations.Nullable;

/// Records for one partition.
///
/// @param records at least one; none only with a stamp, for a step without rows
/// @param idempotencyKey remembered by its partition, so a retry must be sent to the same one: when neither the
///     caller nor a record key says which, let the idempotency key decide; null for none
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
        /// fsynced on every replica. When a replica stays away, the future ends with [OutcomeUnknownException],
        /// though the records are on a majority
        ALL,
        /// fsynced on the leader. Answered when the entry is applied, as with [#QUORUM]: only then its offset
        /// is known
        LEADER,
        /// accepted into memory
        NONE
    }
}
