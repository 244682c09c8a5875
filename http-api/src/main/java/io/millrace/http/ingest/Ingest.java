package io.millrace.http.ingest;

import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Names;
import io.millrace.http.route.Parameters;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;

/// What the produce routes share.
final class Ingest {
    final ReplicatedLog log;
    final IngestSettings settings;
    final Routing routing = new Routing();
    final Runnable sendGathered;
    final LongAdder records;
    final LongAdder bytes;
    final Metrics.Histogram seconds;

    Ingest(ReplicatedLog log, IngestSettings settings, Metrics metrics) {
        this.log = log;
        this.sendGathered = log::sendGathered;
        this.settings = settings;
        this.records = metrics.counter("produce_records_total", "Records acknowledged to clients");
        this.bytes = metrics.counter("produce_bytes_total", "Bytes of the records acknowledged");
        this.seconds = metrics.histogram(
                "produce_seconds",
                "From the end of a produce request's head to its acknowledgement",
                0.0005,
                0.001,
                0.0025,
                0.005,
                0.01,
                0.025,
                0.05,
                0.1,
                0.25,
                1,
                10);
    }

    /// The topic, or as it would be made.
    ///
    /// @throws HttpFailure `unknown_topic` when topics are not made by themselves, `invalid_name`
    Topic expected(String name) {
        Optional<Topic> known = log.topic(name);
        if (known.isPresent()) {
            if (name.charAt(0) == '_') {
                Names.checkOwn("topic", name);
            }
            return known.get();
        }
        Names.checkOwn("topic", name);
        if (!settings.autoCreate()) {
            throw unknown(name);
        }
        return new Topic(name, -1, defaults());
    }

    /// The partition that a request's parameters decide on; −1 when they do not.
    int partitionOf(Exchange exchange) {
        Parameters parameters = exchange.parameters();
        if (parameters == Parameters.NONE) {
            return -1;
        }
        long named = parameters.integer("partition", 0, Integer.MAX_VALUE, -1);
        String key = parameters.text("key");
        String word = key == null ? parameters.text("idempotency_key") : key;
        Optional<Topic> topic = named >= 0 || word == null ? Optional.empty() : log.topic(exchange.pathParameter(0));
        if (topic.isEmpty() || word == null) {
            return (int) named;
        }
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        return Routing.ofKey(bytes, 0, bytes.length, topic.get().partitions());
    }

    /// The partition of the moment for records that belong to none; where there is a choice, one that is led
    /// here.
    int sticky(Topic topic, int records, long bytes) {
        return routing.sticky(topic, records, bytes, partition -> log.leads(topic.name(), partition));
    }

    HttpFailure unknown(String name) {
        return Failures.unknownTopic(name, names());
    }

    List<String> names() {
        return log.topics().stream().map(Topic::name).toList();
    }

    /// Makes the topic if need be.
    CompletableFuture<Topic> made(Topic expected) {
        if (expected.id() >= 0) {
            return CompletableFuture.completedFuture(expected);
        }
        return log.createTopic(expected.name(), expected.settings()).thenApply(outcome -> switch (outcome) {
            case TopicOutcome.Done(Topic topic, boolean changed) -> topic;
            case TopicOutcome.AlreadyExists(Topic existing) -> {
                if (existing.partitions() != expected.partitions()) {
                    throw new HttpFailure(
                            ErrorCode.NOT_READY,
                            "Topic '" + expected.name() + "' was being made at the same time. Try again.");
                }
                yield existing;
            }
            case TopicOutcome.Unknown unknown -> throw unknown(expected.name());
            case TopicOutcome.OutOfRange range ->
                throw new HttpFailure(ErrorCode.INTERNAL_ERROR, "A new topic has no offsets yet.");
            case TopicOutcome.Refused(String reason) -> throw new HttpFailure(ErrorCode.REFUSED, reason + ".");
        });
    }

    private TopicSettings defaults() {
        return new TopicSettings(
                settings.partitionsDefault(),
                TopicSettings.DEFAULT.replication(),
                TopicSettings.DEFAULT.retention(),
                TopicSettings.DEFAULT.cleanup(),
                TopicSettings.DEFAULT.labels());
    }
}
