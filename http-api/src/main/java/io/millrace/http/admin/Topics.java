package io.millrace.http.admin;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Names;
import io.millrace.http.route.Sure;
import io.millrace.log.PartitionLog;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Retention;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicOutcome;
import io.millrace.replication.TopicSettings;
import io.millrace.replication.TopicSettings.Cleanup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Topics and what changes them.
final class Topics {
    private static final List<String> CREATE =
            List.of("name", "partitions", "replication", "retention", "cleanup", "schema");
    private static final List<String> RETENTION = List.of("ms", "bytes");
    private static final List<String> SET_RETENTION = List.of("topic", "ttl_ms", "max_bytes");
    private static final List<String> DELETE_BEFORE = List.of("topic", "partition", "before_offset");
    private static final List<String> COMMIT = List.of("topic", "group", "partition", "offset");
    private static final String ALL = "*";

    private final ReplicatedLog log;
    private final int partitionsDefault;

    Topics(ReplicatedLog log, int partitionsDefault) {
        this.log = log;
        this.partitionsDefault = partitionsDefault;
    }

    private List<String> names() {
        return log.topics().stream().map(Topic::name).toList();
    }

    /// Answers when a future completes; it runs on a thread that must not be kept, so the loop does the rest.
    private static <T> void whenDone(Exchange exchange, CompletableFuture<T> future, Function<T, JsonBuffer> answer) {
        future.whenComplete((value, failure) -> {
            try {
                if (failure != null) {
                    exchange.fail(failure);
                } else {
                    exchange.reply(200, Exchange.JSON, answer.apply(value));
                }
            } catch (RuntimeException refused) {
                exchange.fail(refused);
            }
        });
    }

    void create(Exchange exchange, byte[] body, int length) {
        Map<?, ?> wanted = Bodies.object(body, length);
        Bodies.checkMembers(wanted, CREATE);
        String name = Names.checkOwn("topic", Bodies.requiredText(wanted, "name"));
        exchange.checkTopic(name);
        Long partitions = Bodies.integer(wanted, "partitions", 1, TopicSettings.PARTITIONS_MAX);
        Long replication = Bodies.integer(wanted, "replication", 1, 7);
        Retention retention = retention(wanted.get("retention"));
        Map<String, String> labels = new LinkedHashMap<>();
        Object schema = wanted.get("schema");
        if (schema != null) {
            labels.put(
                    "schema",
                    schema instanceof String text
                            ? text
                            : new JsonBuffer().value(schema).toString());
        }
        TopicSettings settings = new TopicSettings(
                partitions == null ? partitionsDefault : partitions.intValue(),
                replication == null ? 0 : replication.intValue(),
                retention,
                cleanup(Bodies.text(wanted, "cleanup")),
                labels);
        whenDone(exchange, log.createTopic(name, settings), outcome -> {
            throwIfRefused(outcome, name);
            return new JsonBuffer()
                    .ascii("{\"ok\":true,\"topic\":")
                    .string(name)
                    .ascii(",\"partitions\":")
                    .number(settings.partitions())
                    .ascii("}\n");
        });
    }

    private void throwIfRefused(TopicOutcome outcome, String name) {
        HttpFailure refused = Failures.of(outcome, name, names());
        if (refused != null) {
            throw refused;
        }
    }

    private static Retention retention(@Nullable Object wanted) {
        if (wanted == null) {
            return Retention.FOREVER;
        }
        if (!(wanted instanceof Map<?, ?> map)) {
            throw new HttpFailure(
                    ErrorCode.INVALID_VALUE, "Member 'retention' must be an object {\"ms\":…,\"bytes\":…}.");
        }
        Bodies.checkMembers(map, RETENTION);
        return retention(map, "ms", "bytes");
    }

    private static Retention retention(Map<?, ?> map, String age, String size) {
        Long ms = Bodies.integer(map, age, 1, Long.MAX_VALUE);
        Long bytes = Bodies.integer(map, size, 1, Long.MAX_VALUE);
        return new Retention(ms == null ? -1 : ms, bytes == null ? -1 : bytes);
    }

    private static Cleanup cleanup(@Nullable String word) {
        return switch (word) {
            case null -> Cleanup.DELETE;
            case "delete" -> Cleanup.DELETE;
            case "compact" -> Cleanup.COMPACT;
            default ->
                throw new HttpFailure(
                        ErrorCode.INVALID_VALUE, "Member 'cleanup' must be delete or compact, not '" + word + "'.");
        };
    }

    void list(Exchange exchange) {
        JsonBuffer json = new JsonBuffer(1024).ascii("{\"ok\":true,\"topics\":[");
        boolean first = true;
        for (Topic topic : Sure.now(log.sureTopics())) {
            if (exchange.maySee(topic.name())) {
                json.ascii(first ? "{\"topic\":" : ",{\"topic\":").string(topic.name());
                json.ascii(",\"partitions\":").number(topic.partitions());
                settings(json, topic.settings());
                json.put('}');
                first = false;
            }
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    private static void settings(JsonBuffer json, TopicSettings settings) {
        json.ascii(",\"cleanup\":").string(settings.cleanup().name().toLowerCase(Locale.ROOT));
        json.ascii(",\"retention\":{\"ms\":");
        limit(json, settings.retention().ageMsMax());
        json.ascii(",\"bytes\":");
        limit(json, settings.retention().bytesMax());
        json.put('}');
    }

    private static void limit(JsonBuffer json, long limit) {
        if (limit < 0) {
            json.ascii("null");
        } else {
            json.number(limit);
        }
    }

    void describe(Exchange exchange) {
        Topic topic = Sure.topic(log, exchange.pathParameter(0));
        JsonBuffer json = new JsonBuffer(1024).ascii("{\"ok\":true,\"topic\":").string(topic.name());
        settings(json, topic.settings());
        json.ascii(",\"labels\":").value(topic.settings().labels());
        json.ascii(",\"partitions\":[");
        for (int partition = 0; partition < topic.partitions(); partition++) {
            PartitionLog records = log.partition(topic.name(), partition);
            Optional<String> leader = log.leader(topic.name(), partition);
            json.ascii(partition == 0 ? "{\"partition\":" : ",{\"partition\":").number(partition);
            json.ascii(",\"leader\":").string(leader.orElse(null));
            json.ascii(",\"replicas\":").value(log.replicas(topic.name(), partition));
            json.ascii(",\"earliest_offset\":").number(records.earliestOffset());
            json.ascii(",\"next_offset\":").number(records.nextOffset());
            json.ascii(",\"high_watermark\":").number(records.highWatermark());
            json.ascii(",\"bytes\":").number(records.sizeBytes()).put('}');
        }
        exchange.reply(200, Exchange.JSON, json.ascii("]}\n"));
    }

    void delete(Exchange exchange) throws Exception {
        Sure.withTopic(log, exchange, exchange.pathParameter(0), topic -> delete(exchange, topic));
    }

    private void delete(Exchange exchange, Topic topic) {
        String name = Names.checkOwn("topic", topic.name());
        whenDone(exchange, log.deleteTopic(name), outcome -> {
            throwIfRefused(outcome, name);
            return new JsonBuffer()
                    .ascii("{\"ok\":true,\"topic\":")
                    .string(name)
                    .ascii(",\"deleted\":true}\n");
        });
    }

    void setRetention(Exchange exchange, byte[] body, int length) {
        Map<?, ?> wanted = Bodies.object(body, length);
        if (wanted.containsKey("partition")) {
            throw new HttpFailure(
                    ErrorCode.INVALID_VALUE, "Retention belongs to a whole topic; leave 'partition' out.");
        }
        Bodies.checkMembers(wanted, SET_RETENTION);
        String name = Bodies.requiredText(wanted, "topic");
        exchange.checkTopic(name.equals(ALL) ? "" : name);
        if (!name.equals(ALL)) {
            Names.checkOwn("topic", name);
        }
        Retention retention = retention(wanted, "ttl_ms", "max_bytes");
        whenDone(exchange, log.setRetention(name, retention), outcome -> {
            throwIfRefused(outcome, name);
            JsonBuffer json = new JsonBuffer().ascii("{\"ok\":true,\"topic\":").string(name);
            json.ascii(",\"ttl_ms\":");
            limit(json, retention.ageMsMax());
            json.ascii(",\"max_bytes\":");
            limit(json, retention.bytesMax());
            return json.ascii("}\n");
        });
    }

    void deleteBefore(Exchange exchange, byte[] body, int length) throws Exception {
        Map<?, ?> wanted = Bodies.object(body, length);
        Bodies.checkMembers(wanted, DELETE_BEFORE);
        String name = Names.checkOwn("topic", Bodies.requiredText(wanted, "topic"));
        Sure.withTopic(log, exchange, name, topic -> deleteBefore(exchange, wanted, topic));
    }

    private void deleteBefore(Exchange exchange, Map<?, ?> wanted, Topic topic) {
        exchange.checkTopic(topic.name());
        int partition = partition(wanted, topic);
        long offset = Bodies.requiredInteger(wanted, "before_offset", 0, Long.MAX_VALUE);
        PartitionLog records = log.partition(topic.name(), partition);
        long earliestBefore = records.earliestOffset();
        long bytesBefore = records.sizeBytes();
        whenDone(exchange, log.deleteBefore(topic.name(), partition, offset), outcome -> {
            throwIfRefused(outcome, topic.name());
            JsonBuffer json = new JsonBuffer().ascii("{\"ok\":true,\"deleted_count\":");
            json.number(Math.max(0, records.earliestOffset() - earliestBefore));
            json.ascii(",\"freed_bytes\":").number(Math.max(0, bytesBefore - records.sizeBytes()));
            json.ascii(",\"earliest_offset\":").number(records.earliestOffset());
            return json.ascii("}\n");
        });
    }

    private static int partition(Map<?, ?> wanted, Topic topic) {
        long partition = Bodies.requiredInteger(wanted, "partition", 0, Integer.MAX_VALUE);
        if (partition >= topic.partitions()) {
            throw Failures.unknownPartition(topic.name(), partition, topic.partitions());
        }
        return (int) partition;
    }

    void commit(Exchange exchange, byte[] body, int length) throws Exception {
        Map<?, ?> wanted = Bodies.object(body, length);
        Bodies.checkMembers(wanted, COMMIT);
        String name = Bodies.requiredText(wanted, "topic");
        Sure.withTopic(log, exchange, name, topic -> commit(exchange, wanted, topic));
    }

    private void commit(Exchange exchange, Map<?, ?> wanted, Topic topic) {
        exchange.checkTopic(topic.name());
        String group = Names.check("group", Bodies.requiredText(wanted, "group"));
        int partition = partition(wanted, topic);
        long offset = Bodies.requiredInteger(wanted, "offset", 0, Long.MAX_VALUE);
        whenDone(exchange, log.commit(topic.name(), group, partition, offset), outcome -> switch (outcome) {
            case CommitOutcome.Committed(long committed, long entryIndex) ->
                new JsonBuffer()
                        .ascii("{\"ok\":true,\"committed_offset\":")
                        .number(committed)
                        .ascii(",\"batch_id\":")
                        .number(entryIndex)
                        .ascii("}\n");
            case CommitOutcome.UnknownPartition unknown ->
                throw Failures.unknownPartition(topic.name(), partition, topic.partitions());
            case CommitOutcome.OutOfRange(long next) ->
                throw new HttpFailure(
                                ErrorCode.OFFSET_OUT_OF_RANGE,
                                "Offset %d cannot have been processed: the next record will be %d."
                                        .formatted(offset, next))
                        .with("next_offset", next);
        });
    }
}
