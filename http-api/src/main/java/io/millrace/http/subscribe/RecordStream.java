package io.millrace.http.subscribe;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.ReplyStream;
import io.millrace.log.OffsetOutOfRangeException;
import io.millrace.log.RecordReader;
import io.millrace.replication.Topic;
import io.millrace.replication.TopicPartition;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Records of some partitions, sent for as long as the client listens: NDJSON or server-sent events.
///
/// A virtual thread reads what is there, partition after partition, and parks until an append wakes it. A slow
/// client blocks the writing, and so the reading.
final class RecordStream implements Runnable {
    private static final int READ_BYTES = 64 << 10;
    private static final int PIECE_BYTES = 32 << 10;
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final Subscriptions subscriptions;
    private final Exchange exchange;
    private final Topic topic;
    private final List<Cursor> cursors;
    private final boolean events;
    private final boolean base64;
    private final byte @Nullable [] filter;
    private final boolean singlePartition;
    private final JsonBuffer json = new JsonBuffer(4096);
    private volatile @Nullable Thread thread;
    private volatile boolean signaled;

    /// How far a partition has been sent.
    static final class Cursor {
        private final int partition;
        private long offset;
        private @Nullable RecordReader reader;

        Cursor(int partition, long offset) {
            this.partition = partition;
            this.offset = offset;
        }

        private void close() throws IOException {
            RecordReader open = reader;
            reader = null;
            if (open != null) {
                open.close();
            }
        }
    }

    /// @param singlePartition whether event ids are plain offsets
    RecordStream(
            Subscriptions subscriptions,
            Exchange exchange,
            Topic topic,
            List<Cursor> cursors,
            boolean events,
            boolean base64,
            byte @Nullable [] filter,
            boolean singlePartition) {
        this.subscriptions = subscriptions;
        this.exchange = exchange;
        this.topic = topic;
        this.cursors = cursors;
        this.events = events;
        this.base64 = base64;
        this.filter = filter;
        this.singlePartition = singlePartition;
    }

    void start() {
        if (subscriptions.streams.incrementAndGet() > subscriptions.settings.streamsMax()) {
            subscriptions.streams.decrementAndGet();
            throw new HttpFailure(
                    ErrorCode.OVERLOADED,
                    "%d streams are open already, which is the limit.".formatted(subscriptions.settings.streamsMax()));
        }
        Thread.ofVirtual().name("stream-" + exchange.requestId()).start(this);
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        ReplyStream stream = exchange.stream(200, events ? Exchange.EVENTS : Exchange.NDJSON);
        Runnable wake = this::wake;
        exchange.onGone(wake);
        for (Cursor cursor : cursors) {
            subscriptions.signals.add(new TopicPartition(topic.name(), cursor.partition), wake);
        }
        try {
            pump(stream);
        } catch (Exception | Error failure) { // told within the stream: its status has been sent
            error(stream, failure);
        } finally {
            for (Cursor cursor : cursors) {
                subscriptions.signals.remove(new TopicPartition(topic.name(), cursor.partition), wake);
                closeQuietly(cursor);
            }
            subscriptions.streams.decrementAndGet();
            stream.end();
        }
    }

    private static void closeQuietly(Cursor cursor) {
        try {
            cursor.close();
        } catch (IOException failed) {
            // a file that was only read; nothing is lost
            org.slf4j.LoggerFactory.getLogger(RecordStream.class)
                    .atDebug()
                    .setCause(failed)
                    .log("reader did not close");
        }
    }

    private void wake() {
        signaled = true;
        LockSupport.unpark(thread);
    }

    private void pump(ReplyStream stream) throws IOException {
        if (events) { // lets the client know at once that it is connected
            json.ascii(": connected\n\n");
            stream.write(json);
        }
        long quietSince = System.nanoTime();
        while (!stream.isGone()) {
            signaled = false;
            boolean sent = false;
            for (Cursor cursor : cursors) {
                sent |= send(cursor, stream);
            }
            if (!stream.write(json)) {
                return;
            }
            if (sent) {
                quietSince = System.nanoTime();
                continue;
            }
            while (!signaled && !stream.isGone() && System.nanoTime() - quietSince < QUIET_NANOS) {
                LockSupport.parkNanos(this, QUIET_NANOS - (System.nanoTime() - quietSince));
            }
            if (!signaled) {
                quietSince = System.nanoTime();
                checkTopic();
                for (Cursor cursor : cursors) {
                    cursor.close(); // keeps no files open for streams where nothing happens
                }
                if (events) {
                    json.ascii(": quiet\n\n");
                }
            }
        }
    }

    private void checkTopic() {
        if (subscriptions.log.topic(topic.name()).map(Topic::id).orElse(-1L) != topic.id()) {
            throw new HttpFailure(ErrorCode.UNKNOWN_TOPIC, "Topic '" + topic.name() + "' was deleted.");
        }
    }

    private boolean send(Cursor cursor, ReplyStream stream) throws IOException {
        RecordReader reader = cursor.reader;
        if (reader == null) {
            checkTopic();
            if (subscriptions.log.partition(topic.name(), cursor.partition).highWatermark() <= cursor.offset) {
                return false;
            }
            reader = subscriptions.log.partition(topic.name(), cursor.partition).reader(cursor.offset);
            cursor.reader = reader;
        }
        boolean sent = false;
        try {
            if (!reader.fill(Long.MAX_VALUE, READ_BYTES)) {
                return false;
            }
        } catch (OffsetOutOfRangeException deleted) {
            checkTopic();
            throw deleted;
        } catch (IOException failed) {
            checkTopic(); // its files may be gone because the topic is
            throw failed;
        }
        while (reader.next()) {
            sent = true;
            cursor.offset = reader.offset() + 1;
            if (filter != null && !MessageJson.contains(reader, filter)) {
                continue;
            }
            record(cursor, reader);
            subscriptions.records.increment();
            if (json.size() >= PIECE_BYTES && !stream.write(json)) {
                return true;
            }
        }
        cursor.offset = Math.max(cursor.offset, reader.position());
        return sent;
    }

    private void record(Cursor cursor, RecordReader reader) {
        if (!events) {
            MessageJson.write(json, reader, cursor.partition, base64);
            json.put('\n');
            return;
        }
        json.ascii("id: ");
        if (singlePartition) {
            json.number(reader.offset());
        } else {
            for (int i = 0; i < cursors.size(); i++) {
                Cursor other = cursors.get(i);
                json.ascii(i == 0 ? "" : ",").number(other.partition).put(':').number(other.offset);
            }
        }
        json.ascii("\ndata: ");
        MessageJson.write(json, reader, cursor.partition, base64);
        json.ascii("\n\n");
    }

    private void error(ReplyStream stream, Throwable thrown) {
        HttpFailure failure = Failures.of(thrown, exchange.requestId());
        json.ascii(events ? "event: error\ndata: " : "");
        json.ascii("{\"ok\":false,\"error\":").string(failure.code());
        json.ascii(",\"message\":").string(failure.message());
        failure.fields()
                .forEach((name, value) -> json.put(',').string(name).put(':').value(value));
        json.ascii(",\"request_id\":").string(exchange.requestId()).put('}');
        json.ascii(events ? "\n\n" : "\n");
        stream.write(json);
    }
}
