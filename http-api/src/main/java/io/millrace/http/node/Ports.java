package io.millrace.http.node;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Failures;
import io.millrace.http.route.Sure;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.query.CatalogPort;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputException;
import io.millrace.query.OutputPort;
import io.millrace.query.SqlException;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.NotHeardException;
import io.millrace.replication.OutcomeUnknownException;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationException;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// What the query engine needs of the world, answered by the replicated log. The two modules do not know each
/// other; they meet here.
final class Ports {
    /// Definitions are documents below this prefix.
    private static final String DEFINITIONS = "sql/";
    /// What persistent queries note, likewise.
    private static final String NOTES = "query/";

    private Ports() {}

    /// Topics to read.
    record Inputs(ReplicatedLog log) implements InputPort {
        @Override
        public Optional<InputTopic> topic(String name) {
            return sure(log.sureTopic(name)).map(Inputs::input);
        }

        @Override
        public List<InputTopic> topics() {
            return sure(log.sureTopics()).stream().map(Inputs::input).toList();
        }

        /// Waits, which is right after a start or for a topic that was just made.
        private static <T> T sure(CompletableFuture<T> answer) {
            try {
                return Sure.now(answer);
            } catch (NotHeardException unheard) {
                throw new SqlException(NOT_READY, Failures.notHeard(unheard).message());
            }
        }

        /// Of a topic that was in [#topics], perhaps before all groups that hold a part of it were heard of.
        private PartitionLog partition(String topic, int partition) {
            if (log.topic(topic).isEmpty()) {
                topic(topic);
            }
            return log.partition(topic, partition);
        }

        private static InputTopic input(Topic topic) {
            return new InputTopic(topic.name(), topic.id(), topic.partitions());
        }

        @Override
        public RecordReader open(String topic, int partition, long fromOffset) throws IOException {
            return partition(topic, partition).readerWithMarkers(fromOffset);
        }

        @Override
        public long earliestOffset(String topic, int partition) {
            return partition(topic, partition).earliestOffset();
        }

        @Override
        public long endOffset(String topic, int partition) {
            return partition(topic, partition).highWatermark();
        }

        @Override
        public long offsetAtTime(String topic, int partition, long timestampMs) throws IOException {
            return partition(topic, partition).offsetAtTime(timestampMs);
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            AutoCloseable appends = log.onAppend(partition -> listener.run());
            AutoCloseable metadata = log.onMetadataChange(listener);
            return () -> {
                appends.close();
                metadata.close();
            };
        }
    }

    /// Topics to write.
    record Outputs(ReplicatedLog log) implements OutputPort {
        @Override
        public CompletableFuture<Void> createTopic(String topic, int partitions, boolean compacted) {
            TopicSettings settings = new TopicSettings(
                    partitions,
                    0,
                    Retention.FOREVER,
                    compacted ? TopicSettings.Cleanup.COMPACT : TopicSettings.Cleanup.DELETE,
                    Map.of());
            return told(log.createTopic(topic, settings).thenAccept(outcome -> {
                if (outcome instanceof TopicOutcome.AlreadyExists(Topic existing)
                        && existing.partitions() == partitions
                        && existing.settings().cleanup() == settings.cleanup()) {
                    return; // retention or labels differ, which a query does not mind
                }
                throwIfRefused(outcome, topic);
            }));
        }

        @Override
        public CompletableFuture<Void> deleteTopic(String topic) {
            return told(log.deleteTopic(topic).thenAccept(outcome -> throwIfRefused(outcome, topic)));
        }

        private void throwIfRefused(TopicOutcome outcome, String topic) {
            var refused = Failures.of(
                    outcome, topic, log.topics().stream().map(Topic::name).toList());
            if (refused != null) {
                throw new SqlException(refused.code(), refused.message());
            }
        }

        @Override
        public CompletableFuture<Long> append(
                String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
            OutputStamp written = stamp == null
                    ? null
                    : new OutputStamp(
                            stamp.query(),
                            stamp.generation(),
                            stamp.step(),
                            StampText.of(stamp).getBytes(StandardCharsets.UTF_8),
                            stamp.watermarkMs());
            AppendRequest request =
                    new AppendRequest(topic, partition, records, Acknowledgement.QUORUM, null, 0, -1, written);
            return told(log.append(request).thenApply(outcome -> {
                if (outcome instanceof AppendOutcome.Appended appended) {
                    return appended.firstOffset();
                }
                throw refusal(outcome, topic, partition);
            }));
        }

        private static RuntimeException refusal(AppendOutcome outcome, String topic, int partition) {
            var refused = Failures.of(outcome, topic, partition);
            if (refused == null) {
                return new IllegalStateException("unexpected outcome " + outcome);
            }
            return switch (outcome) {
                case AppendOutcome.NotLeader elsewhere -> refused(refused.code(), refused.message());
                case AppendOutcome.Overloaded overloaded -> refused(refused.code(), refused.message());
                case AppendOutcome.DiskFull full -> refused(refused.code(), refused.message());
                case AppendOutcome.Fenced fenced ->
                    new OutputException(OutputException.Kind.FENCED, refused.code(), refused.message());
                case AppendOutcome.TooLarge tooLarge -> new SqlException(refused.code(), refused.message());
                case AppendOutcome.UnknownTopic unknown -> new SqlException(refused.code(), refused.message());
                case AppendOutcome.UnknownPartition unknown -> new SqlException(refused.code(), refused.message());
                case AppendOutcome.OffsetMismatch mismatch -> new SqlException(refused.code(), refused.message());
                case AppendOutcome.IdempotencyConflict conflict -> new SqlException(refused.code(), refused.message());
                case AppendOutcome.Appended done -> new IllegalStateException("refused, yet " + done);
                case AppendOutcome.Accepted done -> new IllegalStateException("refused, yet " + done);
                case AppendOutcome.Duplicate done -> new IllegalStateException("refused, yet " + done);
            };
        }

        private static OutputException refused(String code, String message) {
            return new OutputException(OutputException.Kind.REFUSED, code, message);
        }

        @Override
        public CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value) {
            AppendRequest request = new AppendRequest(
                    topic,
                    partition,
                    RecordBuffer.marker(System.currentTimeMillis(), value),
                    Acknowledgement.QUORUM,
                    null,
                    0,
                    expectOffset,
                    null);
            return told(log.append(request).thenApply(outcome -> {
                if (outcome instanceof AppendOutcome.OffsetMismatch) {
                    return false;
                }
                if (outcome instanceof AppendOutcome.Appended) {
                    return true;
                }
                throw refusal(outcome, topic, partition);
            }));
        }

        @Override
        public CompletableFuture<Long> raise(String query) {
            return raise(query, 1);
        }

        /// Whoever raises a generation is its only owner, so one that is stale is simply too low.
        private CompletableFuture<Long> raise(String query, long generation) {
            return told(log.fence(query, generation)).thenCompose(outcome -> switch (outcome) {
                case FenceOutcome.Raised() -> CompletableFuture.completedFuture(generation);
                case FenceOutcome.Stale(long current) -> raise(query, current + 1);
            });
        }

        @Override
        public Map<Integer, Stamp> stamps(String query, String topic) {
            Map<Integer, Stamp> stamps = new HashMap<>();
            log.stamps(query, topic).forEach((partition, stamp) -> stamps.put(partition, StampText.parse(stamp)));
            return stamps;
        }

        @Override
        public boolean leads(String topic) {
            return log.leads(topic, 0);
        }

        @Override
        public Optional<String> leader(String topic) {
            return log.leader(topic, 0);
        }

        @Override
        public AutoCloseable onLeaderChange(Runnable listener) {
            return log.cluster().onChange(listener);
        }
    }

    /// What a stamp's opaque part holds: the frontier, and when a step has been written in part, a second line
    /// with the number of records and the frontier of that step.
    private static final class StampText {
        static String of(OutputPort.Stamp stamp) {
            Frontier ahead = stamp.ahead();
            return ahead == null
                    ? stamp.frontier().toString()
                    : stamp.frontier() + "\n" + stamp.aheadRecords() + " " + ahead;
        }

        static OutputPort.Stamp parse(OutputStamp stamp) {
            String text = new String(stamp.frontier(), StandardCharsets.UTF_8);
            int line = text.indexOf('\n');
            if (line < 0) {
                return new OutputPort.Stamp(
                        stamp.query(), stamp.generation(), stamp.step(), Frontier.parse(text), stamp.watermarkMs());
            }
            int space = text.indexOf(' ', line);
            return new OutputPort.Stamp(
                    stamp.query(),
                    stamp.generation(),
                    stamp.step(),
                    Frontier.parse(text.substring(0, line)),
                    stamp.watermarkMs(),
                    Long.parseLong(text.substring(line + 1, space)),
                    Frontier.parse(text.substring(space + 1)));
        }
    }

    /// The log's own failures, in the engine's words.
    private static <T> CompletableFuture<T> told(CompletableFuture<T> write) {
        return write.exceptionallyCompose(failure -> {
            Throwable cause = failure;
            while (cause instanceof CompletionException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            return CompletableFuture.failedFuture(
                    switch (cause) {
                        case OutcomeUnknownException unknown ->
                            new OutputException(
                                    OutputException.Kind.UNKNOWN,
                                    ErrorCode.OUTCOME_UNKNOWN.code(),
                                    "Nobody can tell whether the write happened (" + unknown.getMessage() + ").");
                        case ReplicationException refused ->
                            new OutputException(
                                    OutputException.Kind.REFUSED,
                                    ErrorCode.WRITE_FAILED.code(),
                                    "Nothing was written: " + refused.getMessage() + ".");
                        default -> cause;
                    });
        });
    }

    /// Definitions to keep.
    record Definitions(ReplicatedLog log) implements CatalogPort {
        @Override
        public Map<String, String> load() {
            Map<String, String> definitions = new HashMap<>();
            log.documents(DEFINITIONS)
                    .forEach((key, document) -> definitions.put(
                            key.substring(DEFINITIONS.length()), new String(document.value(), StandardCharsets.UTF_8)));
            return definitions;
        }

        @Override
        public CompletableFuture<Void> upToDate() {
            return log.cluster().barriers();
        }

        @Override
        public CompletableFuture<Void> store(String key, String text) {
            return told(log.putDocument(DEFINITIONS + key, text.getBytes(StandardCharsets.UTF_8), -1))
                    .thenAccept(outcome -> {
                        if (outcome instanceof DocumentOutcome.VersionMismatch(long current)) {
                            throw new IllegalStateException(
                                    "any version was asked for, yet " + current + " was refused");
                        }
                    });
        }

        @Override
        public Note note(String query) {
            return log.document(NOTES + query)
                    .map(document -> new Note(new String(document.value(), StandardCharsets.UTF_8), document.version()))
                    .orElse(Note.NONE);
        }

        @Override
        public CompletableFuture<Boolean> storeNote(String query, String text, long expectedVersion) {
            return told(log.putDocument(NOTES + query, text.getBytes(StandardCharsets.UTF_8), expectedVersion))
                    .thenApply(outcome -> switch (outcome) {
                        case DocumentOutcome.Stored stored -> true;
                        case DocumentOutcome.VersionMismatch mismatch -> false;
                    });
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            return log.onMetadataChange(listener);
        }
    }
}
