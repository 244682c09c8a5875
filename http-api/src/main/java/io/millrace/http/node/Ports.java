package io.millrace.http.node;

import io.millrace.http.route.Failures;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.query.CatalogPort;
import io.millrace.query.Frontier;
import io.millrace.query.InputPort;
import io.millrace.query.OutputPort;
import io.millrace.query.SqlException;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.OutputStamp;
import io.millrace.replication.ReplicatedLog;
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
import org.jspecify.annotations.Nullable;

/// What the query engine needs of the world, answered by the replicated log. The two modules do not know each
/// other; they meet here.
final class Ports {
    /// Definitions are documents below this prefix.
    private static final String DEFINITIONS = "sql/";

    private Ports() {}

    /// Topics to read.
    record Inputs(ReplicatedLog log) implements InputPort {
        @Override
        public Optional<InputTopic> topic(String name) {
            return log.topic(name).map(Inputs::input);
        }

        @Override
        public List<InputTopic> topics() {
            return log.topics().stream().map(Inputs::input).toList();
        }

        private static InputTopic input(Topic topic) {
            return new InputTopic(topic.name(), topic.id(), topic.partitions());
        }

        @Override
        public RecordReader open(String topic, int partition, long fromOffset) throws IOException {
            return log.partition(topic, partition).readerWithMarkers(fromOffset);
        }

        @Override
        public long earliestOffset(String topic, int partition) {
            return log.partition(topic, partition).earliestOffset();
        }

        @Override
        public long endOffset(String topic, int partition) {
            return log.partition(topic, partition).highWatermark();
        }

        @Override
        public long offsetAtTime(String topic, int partition, long timestampMs) throws IOException {
            return log.partition(topic, partition).offsetAtTime(timestampMs);
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
            return log.createTopic(topic, settings).thenAccept(outcome -> {
                if (outcome instanceof TopicOutcome.AlreadyExists(Topic existing)
                        && existing.partitions() == partitions
                        && existing.settings().cleanup() == settings.cleanup()) {
                    return; // retention or labels differ, which a query does not mind
                }
                throwIfRefused(outcome, topic);
            });
        }

        @Override
        public CompletableFuture<Void> deleteTopic(String topic) {
            return log.deleteTopic(topic).thenAccept(outcome -> throwIfRefused(outcome, topic));
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
                            stamp.frontier().toString().getBytes(StandardCharsets.UTF_8),
                            stamp.watermarkMs());
            AppendRequest request =
                    new AppendRequest(topic, partition, records, Acknowledgement.QUORUM, null, 0, -1, written);
            return log.append(request).thenApply(outcome -> {
                if (outcome instanceof AppendOutcome.Appended appended) {
                    return appended.firstOffset();
                }
                var refused = Failures.of(outcome, topic, partition);
                throw refused == null
                        ? new IllegalStateException("unexpected outcome " + outcome)
                        : new SqlException(refused.code(), refused.message());
            });
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
            return log.append(request).thenApply(outcome -> {
                if (outcome instanceof AppendOutcome.OffsetMismatch) {
                    return false;
                }
                var refused = Failures.of(outcome, topic, partition);
                if (refused != null) {
                    throw new SqlException(refused.code(), refused.message());
                }
                return true;
            });
        }

        @Override
        public CompletableFuture<Void> fence(String query, long generation) {
            return log.fence(query, generation).thenAccept(outcome -> {
                if (outcome instanceof FenceOutcome.Stale(long current)) {
                    throw new SqlException(
                            "fenced",
                            "Query %s runs in generation %d already; generation %d may not write."
                                    .formatted(query, current, generation));
                }
            });
        }

        @Override
        public Map<Integer, Stamp> stamps(String query, String topic) {
            Map<Integer, Stamp> stamps = new HashMap<>();
            log.stamps(query, topic)
                    .forEach((partition, stamp) -> stamps.put(
                            partition,
                            new Stamp(
                                    stamp.query(),
                                    stamp.generation(),
                                    stamp.step(),
                                    Frontier.parse(new String(stamp.frontier(), StandardCharsets.UTF_8)),
                                    stamp.watermarkMs())));
            return stamps;
        }
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
        public CompletableFuture<Void> store(String key, String text) {
            return log.putDocument(DEFINITIONS + key, text.getBytes(StandardCharsets.UTF_8), -1)
                    .thenAccept(outcome -> {
                        if (outcome instanceof DocumentOutcome.VersionMismatch(long current)) {
                            throw new IllegalStateException(
                                    "any version was asked for, yet " + current + " was refused");
                        }
                    });
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            return log.onMetadataChange(listener);
        }
    }
}
