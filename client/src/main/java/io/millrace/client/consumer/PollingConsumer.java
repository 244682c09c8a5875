package io.millrace.client.consumer;

import io.millrace.client.Consumer;
import io.millrace.client.ConsumerSettings;
import io.millrace.client.ConsumerSettings.StartAt;
import io.millrace.client.MillraceException;
import io.millrace.client.ReceivedRecord;
import io.millrace.client.transport.Call;
import io.millrace.client.transport.Json;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One long-polling request a partition, asked for only while the partition has nothing unread.
///
/// Each partition has at most one answer in memory: a fetch begins when [#poll] finds the partition idle, and
/// its answer waits in `arrived` until a poll takes it. A seek raises the partition's `generation`, and answers
/// to older ones are dropped.
public final class PollingConsumer implements Consumer {
    private static final long WAIT_MS_MAX = 30_000;

    private final Transport transport;
    private final ConsumerSettings settings;
    private final List<Integer> partitions;
    private final Map<Integer, PartitionState> states = new TreeMap<>();
    // at most one element a partition, plus one when closed
    private final BlockingQueue<Fetched> arrived = new LinkedBlockingQueue<>();
    private volatile boolean closed;

    private static final class PartitionState {
        private long next = -1; // -1 until known: the server resumes from the committed offset
        private long processed = -1;
        private int generation;
        private @Nullable Thread fetch;
    }

    private record Fetched(
            int partition,
            int generation,
            List<ReceivedRecord> records,
            long next,
            @Nullable RuntimeException failure) {}

    public PollingConsumer(Transport transport, ConsumerSettings settings) {
        this.transport = transport;
        this.settings = settings;
        this.partitions = settings.partitions().isEmpty() ? allPartitions() : settings.partitions();
        partitions.forEach(partition -> states.put(partition, new PartitionState()));
    }

    private List<Integer> allPartitions() {
        JsonObject answer = transport
                .whole(Call.get("/broker/topics/" + Call.encode(settings.topic())))
                .json();
        Object described = answer.get("partitions");
        int count = described instanceof List<?> list ? list.size() : (int) answer.integer("partitions");
        List<Integer> all = new ArrayList<>();
        for (int partition = 0; partition < count; partition++) {
            all.add(partition);
        }
        return all;
    }

    @Override
    public List<ReceivedRecord> poll(Duration wait) {
        long deadline = System.nanoTime() + wait.toNanos();
        List<ReceivedRecord> records = new ArrayList<>();
        while (true) {
            if (closed) {
                throw new MillraceException(MillraceException.CLOSED, "this consumer was closed", null);
            }
            long leftMs = Math.max(0, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
            states.forEach((partition, state) -> {
                if (state.fetch == null) {
                    state.fetch = fetch(partition, state, Math.min(leftMs, WAIT_MS_MAX));
                }
            });
            Fetched fetched = take(deadline);
            while (fetched != null) {
                accept(fetched, records);
                fetched = arrived.poll();
            }
            if (!records.isEmpty() || System.nanoTime() >= deadline) {
                return records;
            }
        }
    }

    private @Nullable Fetched take(long deadline) {
        try {
            // a fetch that does not wait still takes its way to the server and back
            long nanos = Math.max(deadline - System.nanoTime(), TimeUnit.MILLISECONDS.toNanos(1));
            return arrived.poll(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new MillraceException(MillraceException.INTERRUPTED, "interrupted while polling", interrupted);
        }
    }

    private void accept(Fetched fetched, List<ReceivedRecord> into) {
        PartitionState state = states.get(fetched.partition);
        if (state == null || state.generation != fetched.generation) {
            return;
        }
        state.fetch = null;
        if (fetched.failure != null) {
            throw fetched.failure;
        }
        into.addAll(fetched.records);
        state.next = fetched.next;
        if (!fetched.records.isEmpty()) {
            state.processed = fetched.records.getLast().offset();
        }
    }

    private Thread fetch(int partition, PartitionState state, long waitMs) {
        int generation = state.generation;
        long from = state.next;
        return Thread.ofVirtual().name("millrace-fetch").start(() -> {
            Fetched fetched;
            try {
                fetched = request(partition, generation, from, waitMs);
            } catch (RuntimeException failure) {
                fetched = new Fetched(partition, generation, List.of(), from, failure);
            }
            arrived.add(fetched);
        });
    }

    private Fetched request(int partition, int generation, long from, long waitMs) {
        long offset = from;
        if (offset < 0 && settings.startAt() == StartAt.LATEST) {
            JsonObject place = consume(partition, -1, 1, 0);
            if (place.get("committed_offset") == null) {
                offset = place.integerOr("high_watermark", place.integer("next_offset"));
            }
        }
        JsonObject answer = consume(partition, offset, settings.recordsMax(), waitMs);
        List<ReceivedRecord> records = RecordJson.messages(settings.topic(), answer);
        return new Fetched(partition, generation, records, answer.integer("next_offset"), null);
    }

    private JsonObject consume(int partition, long offset, int limit, long waitMs) {
        String path = "/broker/consume/" + Call.encode(settings.topic()) + "/" + Call.encode(settings.group()) + "/"
                + partition + "?encoding=b64&limit=" + limit + "&wait_ms=" + waitMs
                + (offset < 0 ? "" : "&offset=" + offset);
        return transport
                .whole(Call.get(path)
                        .near(settings.topic() + "/" + partition)
                        .within(Duration.ofMillis(waitMs + 30_000)))
                .json();
    }

    @Override
    public void commit() {
        states.forEach((partition, state) -> {
            if (state.processed >= 0) {
                commit(partition, state.processed);
            }
        });
    }

    @Override
    public void commit(ReceivedRecord last) {
        commit(last.partition(), last.offset());
    }

    private void commit(int partition, long offset) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("topic", settings.topic());
        body.put("group", settings.group());
        body.put("partition", partition);
        body.put("offset", offset);
        // going backwards is ignored by the server, so doing it twice is harmless
        var _ = transport.whole(Call.post("/broker/commit", Json.write(body))
                .withRepeatable(true)
                .near(settings.topic() + "/" + partition));
    }

    @Override
    public void seek(int partition, long offset) {
        PartitionState state = states.get(partition);
        if (state == null) {
            throw new IllegalArgumentException("partition " + partition + " is not among " + partitions);
        }
        if (offset < 0) {
            throw new IllegalArgumentException("offset must not be negative: " + offset);
        }
        state.generation++;
        state.next = offset;
        state.processed = -1;
        Thread running = state.fetch;
        if (running != null) {
            running.interrupt();
        }
        state.fetch = null;
    }

    @Override
    public Map<Integer, Long> positions() {
        Map<Integer, Long> positions = new LinkedHashMap<>();
        states.forEach((partition, state) -> {
            if (state.next >= 0) {
                positions.put(partition, state.next);
            }
        });
        return positions;
    }

    @Override
    public List<Integer> partitions() {
        return partitions;
    }

    @Override
    public void close() {
        closed = true;
        arrived.add(new Fetched(-1, 0, List.of(), -1, null)); // wakes a waiting poll
        for (PartitionState state : states.values()) {
            Thread running = state.fetch;
            if (running != null) {
                running.interrupt();
            }
        }
    }
}
