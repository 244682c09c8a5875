package io.millrace.query;

import io.millrace.log.RecordBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Where queries write. Futures complete exceptionally, with a message for the user: with an [OutputException] when
/// the write was refused for now or its outcome is unknown, with a [SqlException] when it never will be done.
public interface OutputPort {
    /// Creates a topic; fine when it exists with as many partitions.
    CompletableFuture<Void> createTopic(String topic, int partitions, boolean compacted);

    CompletableFuture<Void> deleteTopic(String topic);

    /// Appends records, durable when the future completes.
    ///
    /// @param records at most [#appendBytesMax] by [io.millrace.log.BatchWriter#sizeBytesMax]; may be empty with a
    ///     stamp. They must not be changed any more, whatever the outcome
    /// @param stamp null for INSERT; else refused when a newer generation owns the query
    /// @return the offset of the first record
    CompletableFuture<Long> append(String topic, int partition, RecordBuffer records, @Nullable Stamp stamp);

    /// Largest append that is taken in one piece.
    default int appendBytesMax() {
        return 3 << 20;
    }

    /// Appends a marker ([io.millrace.log.RecordBuffer#marker]) if the partition's next offset is still
    /// `expectOffset`.
    ///
    /// @return whether it stands there now; false when a record came first
    CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value);

    /// Shuts out all older generations of a query. Whatever they wrote is in [#stamps] when the future completes,
    /// and nothing can be added to it.
    ///
    /// @return a generation that nobody had before; the only one that may write from now on
    CompletableFuture<Long> raise(String query);

    /// Newest stamps of a query by partition of its output.
    Map<Integer, Stamp> stamps(String query, String topic);

    /// Whether queries that write `topic` run on this node now.
    default boolean leads(String topic) {
        return true;
    }

    /// The node on which they run, empty while there is none.
    default Optional<String> leader(String topic) {
        return Optional.empty();
    }

    /// Called after [#leads] may have changed, on a thread that must not be blocked.
    default AutoCloseable onLeaderChange(Runnable listener) {
        return () -> {};
    }

    /// Says which part of a query's output a partition holds: everything up to `frontier`, and of the next step,
    /// the one up to `ahead`, the first `aheadRecords` records in the order of their content.
    ///
    /// @param step number of the step that ended at `frontier`; 0 when nothing is complete yet, whatever `frontier`
    ///     says
    /// @param ahead null when nothing of a further step has been written
    record Stamp(
            String query,
            long generation,
            long step,
            Frontier frontier,
            long watermarkMs,
            long aheadRecords,
            @Nullable Frontier ahead) {
        /// A whole step.
        public Stamp(String query, long generation, long step, Frontier frontier, long watermarkMs) {
            this(query, generation, step, frontier, watermarkMs, 0, null);
        }

        /// Whether everything up to `wanted` is there.
        public boolean covers(Frontier wanted) {
            return step > 0 && frontier.includes(wanted);
        }
    }
}
