package io.millrace.http.ingest;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.LoopTask;
import io.millrace.log.BatchWriter;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordHeader;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Topic;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Many records of one request: gathered by partition, appended together once the whole body is known to be
/// good, answered when all appends are decided.
///
/// A partition's records are one append, unless they exceed an entry of the log; then they are several, in order.
/// When some appends succeed and others do not, the answer is `partly_written` (504) and says what is there.
///
/// Threading: [#add] and [#send] by one thread; completions by any.
final class BatchCall {
    private static final int ENTRY_MARGIN_BYTES = 64 << 10;
    /// More than a record needs in a batch beside its bytes.
    private static final int RECORD_OVERHEAD_BYTES = 40;

    private final Ingest ingest;
    private final Exchange exchange;
    private final ProduceOptions options;
    private final Topic topic;
    private final BodyHash hash = new BodyHash();
    private final @Nullable Chunk[] open;
    private final List<Chunk> chunks = new ArrayList<>();
    private final int stickyPartition;
    private final int chunkBytesMax;
    private final AtomicInteger undecided = new AtomicInteger();
    private @Nullable Future<?> timeout;
    private long count;
    private long sizeBytes;

    private static final class Chunk {
        private final int partition;
        private final RecordBuffer records = BufferPool.take();
        private @Nullable AppendOutcome outcome;
        private @Nullable Throwable failure;

        private Chunk(int partition) {
            this.partition = partition;
        }
    }

    BatchCall(Ingest ingest, Exchange exchange, ProduceOptions options) {
        this.ingest = ingest;
        this.exchange = exchange;
        this.options = options;
        this.topic = ingest.expected(exchange.pathParameter(0));
        if (options.partition() >= topic.partitions()) {
            throw Failures.unknownPartition(topic.name(), options.partition(), topic.partitions());
        }
        this.open = new @Nullable Chunk[topic.partitions()];
        this.chunkBytesMax = ingest.settings.entryBytesMax() - ENTRY_MARGIN_BYTES;
        this.stickyPartition = stickyPartition();
    }

    private int stickyPartition() {
        String key = options.key() == null ? options.idempotencyKey() : options.key();
        if (options.partition() >= 0) {
            return options.partition();
        }
        if (key != null) { // a retry must meet the partition that knows the idempotency key
            byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
            return Routing.ofKey(bytes, 0, bytes.length, topic.partitions());
        }
        return ingest.sticky(topic, Routing.STICK_RECORDS, 0);
    }

    ProduceOptions options() {
        return options;
    }

    BodyHash hash() {
        return hash;
    }

    long count() {
        return count;
    }

    /// Takes a record.
    ///
    /// @param partition −1 to go by its key, or where the request goes
    /// @throws HttpFailure `unknown_partition`, `record_too_large`
    void add(
            int partition,
            long timestampMs,
            byte @Nullable [] key,
            int keyStart,
            int keyLength,
            byte @Nullable [] value,
            int valueStart,
            int valueLength,
            List<RecordHeader> headers) {
        int target = partition >= 0
                ? partition
                : options.partition() >= 0 || key == null
                        ? stickyPartition
                        : Routing.ofKey(key, keyStart, keyLength, topic.partitions());
        if (target >= topic.partitions()) {
            throw Failures.unknownPartition(topic.name(), target, topic.partitions());
        }
        Chunk chunk = open[target];
        long more = Math.max(keyLength, 0) + (long) Math.max(valueLength, 0);
        if (chunk == null
                || chunk.records.sizeBytes() + (chunk.records.count() + 1L) * RECORD_OVERHEAD_BYTES + more
                        > chunkBytesMax) {
            chunk = new Chunk(target);
            open[target] = chunk;
            chunks.add(chunk);
        }
        chunk.records.add(timestampMs, key, keyStart, keyLength, value, valueStart, valueLength, headers);
        count++;
        sizeBytes += more;
    }

    /// Appends everything. The last thing that the body's thread does.
    ///
    /// @throws HttpFailure nothing was appended
    void send() {
        if (chunks.isEmpty()) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "The body has no records.");
        }
        if (options.expectOffset() >= 0 && chunks.size() > 1) {
            throw new HttpFailure(
                    ErrorCode.INVALID_PARAMETER,
                    "Parameter 'expect_offset' needs all records in one partition and one entry of the log; these are "
                            + chunks.size() + ". Give 'partition', or send less at once.");
        }
        for (Chunk chunk : chunks) {
            if (BatchWriter.sizeBytesMax(chunk.records) > ingest.settings.entryBytesMax() - ENTRY_MARGIN_BYTES / 2) {
                throw Failures.tooLarge(chunkBytesMax);
            }
        }
        if (options.timeoutMs() > 0) {
            timeout = exchange.schedule(
                    () -> {
                        if (!exchange.isAnswered()) {
                            exchange.fail(SingleProduce.timedOut(options.timeoutMs()));
                        }
                    },
                    options.timeoutMs(),
                    TimeUnit.MILLISECONDS);
        }
        undecided.set(chunks.size());
        if (topic.id() >= 0) {
            append();
        } else {
            ingest.made(topic).whenComplete((made, failure) -> {
                if (failure == null) {
                    append();
                } else {
                    exchange.fail(failure);
                }
            });
        }
    }

    private void append() {
        ReplicatedLog log = ingest.log;
        int number = 0;
        for (Chunk chunk : chunks) {
            String key = options.idempotencyKey();
            // one key for each append: the parts of a body are the same whenever the body is
            String chunkKey = key == null || number == 0 ? key : key + "\u0000" + number;
            number++;
            log.append(new AppendRequest(
                            topic.name(),
                            chunk.partition,
                            chunk.records,
                            options.acknowledgement(),
                            chunkKey,
                            key == null ? 0 : hash.value(),
                            options.expectOffset(),
                            null))
                    .whenComplete((outcome, failure) -> decided(chunk, outcome, failure));
        }
    }

    private void decided(Chunk chunk, @Nullable AppendOutcome outcome, @Nullable Throwable failure) {
        chunk.outcome = outcome;
        chunk.failure = failure;
        if (undecided.decrementAndGet() == 0) { // the counter publishes what the others wrote
            exchange.onLoop(new LoopTask() {
                @Override
                public void run() {
                    answer();
                }
            });
        }
    }

    private void answer() {
        if (timeout != null) {
            timeout.cancel(false);
        }
        int good = 0;
        Throwable firstFailure = null;
        for (Chunk chunk : chunks) {
            Throwable failure = chunk.failure;
            AppendOutcome outcome = chunk.outcome;
            if (failure == null && outcome != null) {
                failure = Failures.of(outcome, topic.name(), chunk.partition);
            }
            if (failure == null) {
                good++;
            } else if (firstFailure == null) {
                firstFailure = failure;
            }
        }
        if (firstFailure == null) {
            ingest.records.add(count);
            ingest.bytes.add(sizeBytes);
            ingest.seconds.recordNanos(System.nanoTime() - exchange.arrivedNanos());
            exchange.reply(200, Exchange.JSON, success(exchange.scratch()));
            chunks.forEach(chunk -> BufferPool.giveBack(chunk.records));
        } else {
            exchange.fail(good == 0 ? firstFailure : partly(firstFailure, good));
        }
    }

    private HttpFailure partly(Throwable failure, int good) {
        List<Map<String, Object>> written = new ArrayList<>();
        for (Chunk chunk : chunks) {
            if (chunk.outcome instanceof AppendOutcome.Appended(long first, int number, long entry, var timing)) {
                Map<String, Object> part = new LinkedHashMap<>();
                part.put("partition", chunk.partition);
                part.put("first_offset", first);
                part.put("count", number);
                written.add(part);
            }
        }
        HttpFailure reason = Failures.of(failure, exchange.requestId());
        return new HttpFailure(
                        ErrorCode.PARTLY_WRITTEN,
                        "%d of %d parts were written, others not: %s With an idempotency_key the request can be repeated."
                                .formatted(good, chunks.size(), reason.message()))
                .with("partitions", written);
    }

    private JsonBuffer success(JsonBuffer json) {
        Chunk first = chunks.getFirst();
        AppendOutcome outcome = first.outcome;
        boolean duplicate = outcome instanceof AppendOutcome.Duplicate;
        json.ascii("{\"ok\":true,\"first_offset\":");
        offset(json, outcome);
        json.ascii(",\"count\":").number(count).ascii(",\"partition\":").number(first.partition);
        if (outcome instanceof AppendOutcome.Appended appended) {
            json.ascii(",\"batch_id\":").number(appended.entryIndex());
            SingleProduce.durable(json, options.acknowledgement(), ingest.settings.singleNode());
        } else if (duplicate) {
            json.ascii(",\"sealed\":true,\"synced\":null,\"duplicate\":true");
        } else {
            json.ascii(",\"batch_id\":0,\"sealed\":false,\"durable\":false,\"mode\":\"rocket\",\"synced\":false");
        }
        if (chunks.size() > 1) {
            json.ascii(",\"partitions\":[");
            for (int i = 0; i < chunks.size(); i++) {
                Chunk chunk = chunks.get(i);
                json.ascii(i == 0 ? "{\"partition\":" : ",{\"partition\":").number(chunk.partition);
                json.ascii(",\"first_offset\":");
                offset(json, chunk.outcome);
                json.ascii(",\"count\":").number(chunk.records.count()).put('}');
            }
            json.put(']');
        }
        if (options.timing() && outcome instanceof AppendOutcome.Appended appended) {
            SingleProduce.timing(json, appended.timing(), exchange.arrivedNanos());
        }
        return json.ascii("}\n");
    }

    private static void offset(JsonBuffer json, @Nullable AppendOutcome outcome) {
        switch (outcome) {
            case AppendOutcome.Appended appended -> json.number(appended.firstOffset());
            case AppendOutcome.Duplicate duplicate -> json.number(duplicate.firstOffset());
            case null, default -> json.ascii("null");
        }
    }
}
