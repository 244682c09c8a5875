package io.millrace.http.subscribe;

import io.millrace.http.cluster.Leadership;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Names;
import io.millrace.http.route.Parameters;
import io.millrace.log.PartitionLog;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Understands consume and tail requests and starts what answers them.
final class Subscriptions {
    static final List<String> CONSUME_NAMES =
            List.of("offset", "limit", "max_bytes", "wait_ms", "encoding", "isolation", Leadership.CONSISTENCY);
    static final List<String> TAIL_NAMES = List.of("from", "partition", "filter", "encoding");
    static final int LIMIT_MAX = 10_000;
    private static final int LIMIT_DEFAULT = 100;
    private static final int BYTES_DEFAULT = 1 << 20;
    private static final long WAIT_MS_MAX = 60_000;

    final ReplicatedLog log;
    final SubscribeSettings settings;
    final AppendSignals signals;
    final LongAdder records;
    final AtomicInteger streams = new AtomicInteger();
    final AtomicInteger longPolls = new AtomicInteger();

    Subscriptions(ReplicatedLog log, SubscribeSettings settings, Metrics metrics) {
        this.log = log;
        this.settings = settings;
        this.signals = new AppendSignals(log);
        this.records = metrics.counter("consume_records_total", "Records sent to clients");
        metrics.gauge("consume_streams", "Open streams of records", streams::get);
        metrics.gauge("consume_long_polls", "Consume requests that wait for records", longPolls::get);
    }

    /// `GET /broker/consume/{topic}/{group}/{partition}`
    void consume(Exchange exchange) {
        Topic topic = topic(exchange);
        String group = Names.check("group", exchange.pathParameter(1));
        int partition = partition(topic, exchange.pathParameter(2));
        Parameters parameters = exchange.parameters();
        PartitionLog partitionLog = log.partition(topic.name(), partition);
        OptionalLong committed = log.committed(topic.name(), group, partition);
        boolean base64 = base64(parameters);
        isolation(parameters);
        long limit = parameters.integer("limit", 1, LIMIT_MAX, LIMIT_DEFAULT);
        long bytesMax = parameters.integer("max_bytes", 1, settings.answerBytesMax(), BYTES_DEFAULT);
        long waitMs = parameters.integer("wait_ms", 0, WAIT_MS_MAX, 0);
        String kind = accepted(exchange, Exchange.JSON);
        long wanted = parameters.integer("offset", 0, Long.MAX_VALUE, -1);
        String lastEvent = exchange.header("Last-Event-ID");
        if (lastEvent != null && kind.equals(Exchange.EVENTS)) {
            wanted = lastEventOffset(lastEvent) + 1;
        }
        long offset = wanted >= 0
                ? checkRange(wanted, partitionLog)
                // a group that fell behind retention goes on with what there is
                : Math.max(
                        partitionLog.earliestOffset(),
                        committed.isPresent() ? Math.min(committed.getAsLong() + 1, partitionLog.nextOffset()) : 0);
        if (!kind.equals(Exchange.JSON)) {
            new RecordStream(
                            this,
                            exchange,
                            topic,
                            List.of(new RecordStream.Cursor(partition, offset)),
                            kind.equals(Exchange.EVENTS),
                            base64,
                            null,
                            true)
                    .start();
            return;
        }
        Consume.Place place =
                new Consume.Place(new TopicPartition(topic.name(), partition), group, partitionLog, offset, committed);
        new Consume(this, exchange, place, limit, (int) bytesMax, base64).start(waitMs);
    }

    /// Completes once this node has all that was acknowledged of the partition in a path of [#consume].
    CompletableFuture<Void> upToDate(Exchange exchange) {
        long partition = partitionNumber(exchange.pathParameter(2));
        return log.barrier(exchange.pathParameter(0), (int) Math.clamp(partition, -1, Integer.MAX_VALUE));
    }

    private static long checkRange(long offset, PartitionLog partitionLog) {
        long earliest = partitionLog.earliestOffset();
        long next = partitionLog.nextOffset();
        if (offset < earliest || offset > next) {
            throw Failures.outOfRange(offset, earliest, next);
        }
        return offset;
    }

    /// `GET /broker/tail/{topic}`
    void tail(Exchange exchange) throws IOException {
        Topic topic = topic(exchange);
        Parameters parameters = exchange.parameters();
        String only = parameters.text("partition");
        String filter = parameters.text("filter");
        String from = parameters.text("from", "end");
        boolean base64 = base64(parameters);
        boolean events = accepted(exchange, Exchange.NDJSON).equals(Exchange.EVENTS);
        String lastEvent = events ? exchange.header("Last-Event-ID") : null;
        Map<Integer, Long> resume = lastEvent == null ? Map.of() : lastEventOffsets(lastEvent);
        List<RecordStream.Cursor> cursors = new ArrayList<>();
        int first = only == null ? 0 : partition(topic, only);
        int last = only == null ? topic.partitions() - 1 : first;
        for (int partition = first; partition <= last; partition++) {
            PartitionLog partitionLog = log.partition(topic.name(), partition);
            Long known = resume.get(partition);
            cursors.add(new RecordStream.Cursor(
                    partition, known == null ? start(from, partitionLog) : checkRange(known, partitionLog)));
        }
        new RecordStream(
                        this,
                        exchange,
                        topic,
                        List.copyOf(cursors),
                        events,
                        base64,
                        filter == null || filter.isEmpty() ? null : MessageJson.bytes(filter),
                        false)
                .start();
    }

    private static long start(String from, PartitionLog partitionLog) throws IOException {
        if (from.equals("end")) {
            return partitionLog.highWatermark();
        }
        if (from.equals("start")) {
            return partitionLog.earliestOffset();
        }
        try {
            if (from.startsWith("-") && from.length() > 1) {
                long count = Long.parseLong(from.substring(1));
                return Math.max(partitionLog.earliestOffset(), partitionLog.highWatermark() - count);
            }
            if (from.startsWith("@")) {
                String time = from.substring(1);
                long timestampMs = !time.isEmpty() && time.chars().allMatch(Character::isDigit)
                        ? Long.parseLong(time)
                        : Instant.parse(time).toEpochMilli();
                return partitionLog.offsetAtTime(timestampMs);
            }
        } catch (NumberFormatException | DateTimeParseException malformed) {
            throw malformedFrom(from);
        }
        throw malformedFrom(from);
    }

    private static HttpFailure malformedFrom(String from) {
        return new HttpFailure(
                ErrorCode.INVALID_PARAMETER,
                "Parameter 'from' must be end, start, -10 (the newest ten of each partition), or a time: @1750000000000"
                        + " or @2026-11-21T10:00:00Z; not '" + from + "'.");
    }

    private Topic topic(Exchange exchange) {
        String name = Names.check("topic", exchange.pathParameter(0));
        return log.topic(name).orElseThrow(() -> Failures.notFound(log, name));
    }

    private static long partitionNumber(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException notANumber) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER, "A partition is a number from 0 on, not '" + text + "'.");
        }
    }

    private static int partition(Topic topic, String text) {
        long partition = partitionNumber(text);
        if (partition < 0 || partition >= topic.partitions()) {
            throw Failures.unknownPartition(topic.name(), partition, topic.partitions());
        }
        return (int) partition;
    }

    private static boolean base64(Parameters parameters) {
        String encoding = parameters.text("encoding", "text");
        return switch (encoding) {
            case "b64", "base64" -> true;
            case "text", "utf8" -> false;
            default ->
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Parameter 'encoding' must be b64 or text, not '" + encoding + "'.");
        };
    }

    /// There are no transactions across records, so that both levels are the same.
    private static void isolation(Parameters parameters) {
        String isolation = parameters.text("isolation", "read_committed");
        if (!isolation.equals("read_committed") && !isolation.equals("read_uncommitted")) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER,
                    "Parameter 'isolation' must be read_committed or read_uncommitted, not '" + isolation + "'.");
        }
    }

    private static String accepted(Exchange exchange, String otherwise) {
        String accept = exchange.header("Accept");
        if (accept == null) {
            return otherwise;
        }
        if (accept.contains(Exchange.EVENTS)) {
            return Exchange.EVENTS;
        }
        return accept.contains(Exchange.NDJSON) ? Exchange.NDJSON : otherwise;
    }

    private static long lastEventOffset(String lastEvent) {
        try {
            return Long.parseLong(lastEvent);
        } catch (NumberFormatException malformed) {
            throw malformedEvent(lastEvent);
        }
    }

    private static Map<Integer, Long> lastEventOffsets(String lastEvent) {
        Map<Integer, Long> offsets = new HashMap<>();
        for (String part : lastEvent.split(",", -1)) {
            String[] pair = part.split(":", -1);
            try {
                if (pair.length != 2) {
                    throw malformedEvent(lastEvent);
                }
                offsets.put(Integer.valueOf(pair[0]), Long.valueOf(pair[1]));
            } catch (NumberFormatException malformed) {
                throw malformedEvent(lastEvent);
            }
        }
        return offsets;
    }

    private static HttpFailure malformedEvent(@Nullable String lastEvent) {
        return new HttpFailure(
                ErrorCode.INVALID_PARAMETER, "Last-Event-ID '" + lastEvent + "' is not an id that this stream sent.");
    }
}
