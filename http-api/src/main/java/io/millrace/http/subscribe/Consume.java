package io.millrace.http.subscribe;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordReader;
import io.millrace.replication.TopicPartition;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// One consume request that is answered as a whole: at once, or when records come (long poll).
///
/// Waiting holds no thread; reading runs on a virtual one.
final class Consume implements Runnable {
    /// What the JSON of a record needs beside its bytes, roughly: an answer ends when this many are written.
    private static final int READ_BYTES_MIN = 4 << 10;

    private final Subscriptions subscriptions;
    private final Exchange exchange;
    private final Place place;
    private final long limit;
    private final int bytesMax;
    private final boolean base64;
    private final AtomicBoolean fired = new AtomicBoolean();
    private volatile @Nullable Future<?> timeout;

    /// Where to read.
    record Place(TopicPartition partition, String group, PartitionLog log, long offset, OptionalLong committed) {}

    Consume(Subscriptions subscriptions, Exchange exchange, Place place, long limit, int bytesMax, boolean base64) {
        this.subscriptions = subscriptions;
        this.exchange = exchange;
        this.place = place;
        this.limit = limit;
        this.bytesMax = bytesMax;
        this.base64 = base64;
    }

    void start(long waitMs) {
        if (waitMs == 0 || place.log().highWatermark() > place.offset()) {
            run();
            return;
        }
        subscriptions.longPolls.incrementAndGet();
        subscriptions.signals.add(place.partition(), this);
        timeout = exchange.schedule(this, waitMs, TimeUnit.MILLISECONDS);
        exchange.onGone(this);
        if (place.log().highWatermark() > place.offset()) { // it came between the two looks
            run();
        }
        if (fired.get()) {
            cancelTimeout(); // it fired before it was noted
        }
    }

    private void cancelTimeout() {
        Future<?> scheduled = timeout;
        if (scheduled != null) {
            scheduled.cancel(false);
        }
    }

    @Override
    public void run() {
        if (fired.compareAndSet(false, true)) {
            Thread.ofVirtual().name("consume-" + exchange.requestId()).start(this::answer);
        }
    }

    private void answer() {
        if (timeout != null) {
            cancelTimeout();
            subscriptions.signals.remove(place.partition(), this);
            subscriptions.longPolls.decrementAndGet();
        }
        try {
            if (!exchange.reserve(2L * bytesMax)) { // the chunk that is read and the answer that is written
                throw Failures.overloaded();
            }
            exchange.reply(200, Exchange.JSON, read());
        } catch (Exception | Error failure) { // becomes the answer
            exchange.fail(failure);
        }
    }

    private JsonBuffer read() throws IOException {
        JsonBuffer json = new JsonBuffer(1024);
        json.ascii("{\"messages\":[");
        long count = 0;
        long next = place.offset();
        long end = place.log().highWatermark();
        boolean full = false;
        try (RecordReader reader = place.log().reader(place.offset())) {
            while (!full && reader.fill(end, Math.max(READ_BYTES_MIN, Math.min(bytesMax, 1 << 20)))) {
                while (!full && reader.next()) {
                    int before = json.size();
                    if (count > 0) {
                        json.put(',');
                    }
                    MessageJson.write(json, reader, place.partition().partition(), base64);
                    if (json.size() > bytesMax && count > 0) {
                        json.truncate(before); // the first record is always sent, or nobody gets past it
                        full = true;
                    } else {
                        count++;
                        next = reader.offset() + 1;
                        full = count == limit || json.size() >= bytesMax;
                    }
                }
            }
            if (!full) {
                next = Math.max(next, Math.max(place.offset(), reader.position()));
            }
        }
        subscriptions.records.add(count);
        long highWatermark = place.log().highWatermark();
        json.ascii("],\"count\":").number(count);
        json.ascii(",\"next_offset\":").number(next);
        json.ascii(",\"committed_offset\":");
        if (place.committed().isPresent()) {
            json.number(place.committed().getAsLong());
        } else {
            json.ascii("null");
        }
        json.ascii(",\"high_watermark\":").number(highWatermark);
        json.ascii(",\"truncated\":").bool(full && next < end);
        return json.ascii("}\n");
    }
}
