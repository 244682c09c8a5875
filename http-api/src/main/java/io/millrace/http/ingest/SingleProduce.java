package io.millrace.http.ingest;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.LoopTask;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordHeader;
import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.Topic;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One record, its value the body: the hottest request of all.
///
/// The object is the request's whole state: body receiver, callback of the append and the task that answers on
/// the event loop.
///
/// Threading: event loop, but for [#accept], which any thread calls once.
final class SingleProduce extends LoopTask implements BodyReceiver, BiConsumer<AppendOutcome, @Nullable Throwable> {
    private static final String HEADER_PREFIX = "X-Record-Header-";
    private static final byte[] EMPTY = new byte[0];
    private static final int SCRATCH_BYTES = 64 << 10;
    private static final ThreadLocal<byte[]> SCRATCH = ThreadLocal.withInitial(() -> new byte[SCRATCH_BYTES]);

    private final Ingest ingest;
    private final Exchange exchange;
    private final ProduceOptions options;
    private final Topic topic;
    private final List<RecordHeader> headers;
    private byte[] body = EMPTY;
    private int length;
    private int partition;
    private @Nullable RecordBuffer records;
    private @Nullable Future<?> timeout;
    private @Nullable AppendOutcome outcome;
    private @Nullable Throwable failure;

    SingleProduce(Ingest ingest, Exchange exchange) {
        this.ingest = ingest;
        this.exchange = exchange;
        this.options = ProduceOptions.of(exchange, ingest.settings.acknowledgement());
        this.topic = ingest.expected(exchange.pathParameter(0));
        if (options.partition() >= topic.partitions()) {
            throw Failures.unknownPartition(topic.name(), options.partition(), topic.partitions());
        }
        this.headers = recordHeaders(exchange);
    }

    private static List<RecordHeader> recordHeaders(Exchange exchange) {
        HeaderCollector collector = new HeaderCollector();
        exchange.forEachHeader(collector);
        return collector.headers == null ? List.of() : collector.headers;
    }

    private static final class HeaderCollector implements BiConsumer<CharSequence, CharSequence> {
        private @Nullable List<RecordHeader> headers;

        @Override
        public void accept(CharSequence name, CharSequence value) {
            // no other common header starts with x-r, so that this is one look at one character mostly
            if (name.length() > HEADER_PREFIX.length()
                    && (name.charAt(2) | 0x20) == 'r'
                    && name.toString().regionMatches(true, 0, HEADER_PREFIX, 0, HEADER_PREFIX.length())) {
                List<RecordHeader> collected = headers;
                if (collected == null) {
                    collected = new ArrayList<>(2);
                    headers = collected;
                }
                collected.add(new RecordHeader(
                        name.toString().substring(HEADER_PREFIX.length()),
                        value.toString().getBytes(StandardCharsets.ISO_8859_1)));
            }
        }
    }

    @Override
    public void bytes(ByteBuf piece, boolean last) {
        int count = piece.readableBytes();
        if (last
                && length == 0
                && count <= SCRATCH_BYTES
                && !Thread.currentThread().isVirtual()) {
            body = SCRATCH.get(); // read again by end(), before anything else runs on this loop
        } else if (body.length - length < count) {
            body = Arrays.copyOf(body, last ? length + count : Math.max(length + count, length * 2));
        }
        piece.readBytes(body, length, count);
        length += count;
    }

    @Override
    public void end() {
        byte[] key = options.key() == null ? null : options.key().getBytes(StandardCharsets.UTF_8);
        String idempotencyKey = options.idempotencyKey();
        long hash = 0;
        if (idempotencyKey != null) {
            BodyHash bodyHash = new BodyHash();
            if (key != null) {
                bodyHash.update(key, 0, key.length);
            }
            bodyHash.update(body, 0, length);
            hash = bodyHash.value();
        }
        partition = partition(key, idempotencyKey);
        RecordBuffer buffer = BufferPool.take();
        records = buffer;
        buffer.add(options.timestampNow(), key, 0, key == null ? -1 : key.length, body, 0, length, headers);
        body = EMPTY;
        AppendRequest request = new AppendRequest(
                topic.name(),
                partition,
                buffer,
                options.acknowledgement(),
                idempotencyKey,
                hash,
                options.expectOffset(),
                null);
        if (options.timeoutMs() > 0) {
            timeout = exchange.schedule(this::timeOut, options.timeoutMs(), TimeUnit.MILLISECONDS);
        }
        if (topic.id() >= 0) {
            ingest.log.gather(request).whenComplete(this);
            exchange.afterReads(ingest.sendGathered);
        } else {
            ingest.made(topic).thenCompose(made -> ingest.log.append(request)).whenComplete(this);
        }
    }

    private int partition(byte @Nullable [] key, @Nullable String idempotencyKey) {
        if (options.partition() >= 0) {
            return options.partition();
        }
        if (key != null) {
            return Routing.ofKey(key, 0, key.length, topic.partitions());
        }
        if (idempotencyKey != null) { // a retry must meet the partition that knows the key
            byte[] bytes = idempotencyKey.getBytes(StandardCharsets.UTF_8);
            return Routing.ofKey(bytes, 0, bytes.length, topic.partitions());
        }
        return ingest.sticky(topic, 1, length);
    }

    private void timeOut() {
        if (!exchange.isAnswered()) {
            exchange.fail(timedOut(options.timeoutMs()));
        }
    }

    static HttpFailure timedOut(long timeoutMs) {
        return new HttpFailure(
                ErrorCode.OUTCOME_UNKNOWN,
                "No decision within %d ms; the write may still happen. The same idempotency_key finds out."
                        .formatted(timeoutMs));
    }

    @Override
    public void accept(@Nullable AppendOutcome decided, @Nullable Throwable thrown) {
        outcome = decided;
        failure = thrown;
        exchange.onLoop(this);
    }

    @Override
    public void run() {
        AppendOutcome decided = outcome;
        if (timeout != null) {
            timeout.cancel(false);
        }
        if (records != null && failure == null) {
            BufferPool.giveBack(records);
        }
        if (decided == null) {
            exchange.fail(failure == null ? new IllegalStateException("an append without outcome") : failure);
            return;
        }
        HttpFailure refused = Failures.of(decided, topic.name(), partition);
        if (refused != null) {
            exchange.fail(refused);
            return;
        }
        ingest.records.increment();
        ingest.bytes.add(length);
        ingest.seconds.recordNanos(System.nanoTime() - exchange.arrivedNanos());
        exchange.reply(200, Exchange.JSON, answer(exchange.scratch(), decided));
    }

    private JsonBuffer answer(JsonBuffer json, AppendOutcome decided) {
        switch (decided) {
            case AppendOutcome.Appended appended -> {
                json.ascii("{\"ok\":true,\"offset\":").number(appended.firstOffset());
                json.ascii(",\"partition\":").number(partition);
                json.ascii(",\"batch_id\":").number(appended.entryIndex());
                durable(json, options.acknowledgement(), ingest.settings.singleNode());
                if (options.timing()) {
                    timing(json, appended.timing(), exchange.arrivedNanos());
                }
            }
            case AppendOutcome.Duplicate duplicate -> {
                json.ascii("{\"ok\":true,\"offset\":").number(duplicate.firstOffset());
                json.ascii(",\"partition\":").number(partition);
                json.ascii(",\"sealed\":true,\"synced\":null,\"duplicate\":true");
            }
            default -> { // accepted into memory: the only other good outcome
                json.ascii("{\"ok\":true,\"offset\":null,\"partition\":").number(partition);
                json.ascii(",\"batch_id\":0,\"sealed\":false,\"durable\":false,\"mode\":\"rocket\",\"synced\":false");
            }
        }
        return json.ascii("}\n");
    }

    /// What `synced` says is fsynced on a quorum: with `ack=leader` only a single node can tell.
    static void durable(JsonBuffer json, Acknowledgement acknowledgement, BooleanSupplier singleNode) {
        boolean synced = acknowledgement != Acknowledgement.LEADER || singleNode.getAsBoolean();
        json.ascii(
                synced
                        ? ",\"sealed\":true,\"durable\":true,\"mode\":\"sealed\",\"synced\":true"
                        : ",\"sealed\":false,\"durable\":true,\"mode\":\"leader\",\"synced\":false");
    }

    static void timing(JsonBuffer json, AppendOutcome.Timing timing, long arrivedNanos) {
        json.ascii(",\"queue_us\":").number(timing.queueUs());
        json.ascii(",\"append_us\":").number(timing.appendUs());
        json.ascii(",\"commit_us\":").number(timing.commitUs());
        json.ascii(",\"server_us\":").number(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - arrivedNanos));
    }
}
