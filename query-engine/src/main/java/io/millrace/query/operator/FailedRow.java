package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import org.jspecify.annotations.Nullable;

/// A row that an operator cannot evaluate, or of an aggregate the key of a group that has no result.
///
/// These are changes like all others: when the row is taken back, the failure is. Their sum over an input does not
/// depend on how it was cut into steps.
///
/// @param operator as EXPLAIN ANALYZE names it
/// @param topic that holds the record the row came from; null when the row was made of several, and then there is
///     no partition and no offset
/// @param input valid during the call
/// @param row of `input`; its weight there says whether the failure comes (above 0) or goes
public record FailedRow(
        String operator, @Nullable String topic, int partition, long offset, Batch input, int row, String reason) {
    public long weight() {
        return input.weight(row);
    }

    /// Takes what fails in a step.
    public interface Sink {
        void failed(FailedRow row);

        /// Whether to say which record a row came from, which costs reading that of every row.
        default boolean wantsRecords() {
            return false;
        }
    }
}
