package io.millrace.client.fake;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millrace.client.JsonText;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Topics in memory, SQL by script, faults in a queue.
///
/// Each [Fault] in the queue meets one request, in order. Everything else is done as the contract says.
public final class FakeNode implements AutoCloseable {

    /// What goes wrong with one request.
    public sealed interface Fault {
        /// Nothing: lets one request pass.
        record Pass() implements Fault {}

        /// Answers an error and does nothing.
        record Refuse(int status, String code, Map<String, String> headers) implements Fault {}

        /// Does the work, then closes the connection without an answer.
        record LoseAnswer() implements Fault {}

        /// Does the work, then answers 504.
        record TimeOut() implements Fault {}

        /// Answers these bytes with this status and type.
        record Say(int status, String type, String body) implements Fault {}
    }

    /// A request as it arrived.
    public record Seen(
            String method, String path, Map<String, String> query, Map<String, String> headers, String body) {}

    /// A stored record; `key` is null where there is none.
    public record Stored(
            int partition, long offset, long timestampMs, byte @Nullable [] key, byte[] value, Map<?, ?> headers) {}

    /// The answer to one SQL text.
    public interface SqlScript {
        void answer(SqlExchange exchange) throws IOException;
    }

    private static final class TopicState {
        private final List<List<Stored>> partitions = new ArrayList<>();
        private final Map<String, Map<String, Object>> answers = new LinkedHashMap<>();
        private final Map<String, Long> committed = new TreeMap<>();

        TopicState(int count) {
            for (int i = 0; i < count; i++) {
                partitions.add(new ArrayList<>());
            }
        }
    }

    private final HttpServer server;
    private final ExecutorService executor = Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name("fake-node-", 0).daemon().factory());
    private final Map<String, TopicState> topics = new TreeMap<>(); // guarded by itself
    private final Map<String, SqlScript> scripts = new ConcurrentHashMap<>();
    private final Deque<Fault> faults = new ArrayDeque<>(); // guarded by itself
    private final ConcurrentLinkedQueue<Seen> seen = new ConcurrentLinkedQueue<>();
    private final List<String> catalogNames = new CopyOnWriteArrayList<>();
    private final AtomicLong batchIds = new AtomicLong();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile @Nullable URI leader;
    private volatile boolean autoCreate = true;
    private int nextSticky;

    public FakeNode() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(executor);
        server.createContext("/", this::handle);
        server.start();
    }

    public URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /// From now on writes are answered with 307 to that node.
    public void follow(URI other) {
        leader = other;
    }

    public void autoCreate(boolean on) {
        autoCreate = on;
    }

    public void fail(Fault... next) {
        synchronized (faults) {
            faults.addAll(Arrays.asList(next));
        }
    }

    /// What answers this SQL text, compared without blanks around it.
    public void sql(String text, SqlScript script) {
        scripts.put(text.strip(), script);
    }

    /// A statement that ends.
    public void sqlAnswer(String text, String json) {
        sql(text, exchange -> exchange.json(200, json));
    }

    public void catalog(String json) {
        catalogNames.clear();
        catalogNames.add(json);
    }

    public List<Seen> requests(String pathPrefix) {
        return seen.stream().filter(one -> one.path.startsWith(pathPrefix)).toList();
    }

    public void createTopic(String name, int partitions) {
        synchronized (topics) {
            topics.put(name, new TopicState(partitions));
        }
    }

    public List<Stored> records(String topic) {
        synchronized (topics) {
            TopicState state = topics.get(topic);
            List<Stored> all = new ArrayList<>();
            if (state != null) {
                state.partitions.forEach(all::addAll);
            }
            return all;
        }
    }

    public Map<String, Long> committed(String topic) {
        synchronized (topics) {
            TopicState state = topics.get(topic);
            return state == null ? Map.of() : Map.copyOf(state.committed);
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        executor.shutdownNow();
    }

    private void handle(HttpExchange http) throws IOException {
        String path = http.getRequestURI().getPath();
        Map<String, String> query = query(http.getRequestURI().getRawQuery());
        String body = new String(http.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        http.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
        seen.add(new Seen(http.getRequestMethod(), path, query, headers, body));
        Fault fault;
        synchronized (faults) {
            fault = faults.isEmpty() ? new Fault.Pass() : faults.remove();
        }
        SqlExchange exchange = new SqlExchange(http, body, closing);
        try {
            switch (fault) {
                case Fault.Pass() -> dispatch(exchange, http.getRequestMethod(), path, query, body);
                case Fault.Refuse(int status, String code, Map<String, String> extra) -> {
                    extra.forEach(http.getResponseHeaders()::set);
                    exchange.error(status, code, "refused by the test");
                }
                case Fault.LoseAnswer() -> {
                    exchange.mute();
                    dispatch(exchange, http.getRequestMethod(), path, query, body);
                }
                case Fault.TimeOut() -> {
                    exchange.mute();
                    dispatch(exchange, http.getRequestMethod(), path, query, body);
                    exchange.unmute();
                    exchange.error(504, "timeout", "the outcome is not known");
                }
                case Fault.Say(int status, String type, String text) -> exchange.send(status, type, text);
            }
        } catch (RuntimeException broken) {
            exchange.error(500, "internal_error", String.valueOf(broken));
        } finally {
            http.close();
        }
    }

    private void dispatch(SqlExchange exchange, String method, String path, Map<String, String> query, String body)
            throws IOException {
        String[] parts = path.substring(1).split("/");
        URI elsewhere = leader;
        if (elsewhere != null && method.equals("POST")) {
            String raw = exchange.http().getRequestURI().toString();
            exchange.http().getResponseHeaders().set("Location", elsewhere + raw);
            exchange.http().getResponseHeaders().set("Retry-After", "0");
            exchange.json(
                    307, JsonText.write(Map.of("ok", false, "error", "not_leader", "leader_url", "" + elsewhere)));
            return;
        }
        if (path.equals("/health") || path.equals("/health/ready") || path.equals("/ready")) {
            exchange.json(200, "{\"ok\":true}");
        } else if (path.equals("/v1/catalog")) {
            exchange.json(
                    200,
                    catalogNames.isEmpty()
                            ? "{\"ok\":true,\"streams\":[],\"tables\":[],\"views\":[]}"
                            : catalogNames.getFirst());
        } else if (path.equals("/v1/sql")) {
            sql(exchange, body);
        } else if (path.equals("/broker/topics") && method.equals("POST")) {
            create(exchange, body);
        } else if (path.equals("/broker/topics")) {
            synchronized (topics) {
                List<Object> list = new ArrayList<>();
                topics.forEach((name, state) -> list.add(Map.of("topic", name, "partitions", state.partitions.size())));
                exchange.json(200, JsonText.write(Map.of("ok", true, "topics", list)));
            }
        } else if (path.equals("/broker/commit")) {
            commit(exchange, body);
        } else if (parts.length == 3 && path.startsWith("/broker/topics/")) {
            describeOrDelete(exchange, method, parts[2]);
        } else if (parts.length == 4 && path.startsWith("/broker/topics/")) {
            produce(exchange, parts[2], parts[3], query, body);
        } else if (parts.length == 5 && path.startsWith("/broker/consume/")) {
            consume(exchange, parts[2], parts[3], Integer.parseInt(parts[4]), query);
        } else if (parts.length == 3 && path.startsWith("/broker/tail/")) {
            tail(exchange, parts[2], query);
        } else {
            exchange.error(404, "unknown_route", "There is no " + path);
        }
    }

    private void sql(SqlExchange exchange, String body) throws IOException {
        Map<?, ?> request = (Map<?, ?>) JsonText.parse(body);
        String text = String.valueOf(request == null ? "" : request.get("sql")).strip();
        SqlScript script = scripts.get(text);
        if (script == null) {
            exchange.json(
                    400,
                    "{\"ok\":false,\"error\":\"syntax_error\",\"message\":\"The test has no answer for this\","
                            + "\"position\":{\"line\":1,\"column\":1},\"request_id\":\"r1\"}");
        } else {
            script.answer(exchange);
        }
    }

    private void create(SqlExchange exchange, String body) throws IOException {
        Map<?, ?> request = (Map<?, ?>) JsonText.parse(body);
        String name = String.valueOf(request == null ? "" : request.get("name"));
        Object wanted = request == null ? null : request.get("partitions");
        int partitions = wanted instanceof Long count ? count.intValue() : 8;
        synchronized (topics) {
            TopicState state = topics.computeIfAbsent(name, _ -> new TopicState(partitions));
            if (state.partitions.size() != partitions) {
                exchange.error(409, "topic_exists", "It exists with other settings");
                return;
            }
        }
        exchange.json(200, JsonText.write(Map.of("ok", true, "topic", name, "partitions", partitions)));
    }

    private void describeOrDelete(SqlExchange exchange, String method, String topic) throws IOException {
        synchronized (topics) {
            TopicState state = topics.get(topic);
            if (state == null) {
                exchange.error(404, "unknown_topic", "Topic '" + topic + "' does not exist");
                return;
            }
            if (method.equals("DELETE")) {
                topics.remove(topic);
                exchange.json(200, "{\"ok\":true}");
                return;
            }
            List<Object> partitions = new ArrayList<>();
            for (int number = 0; number < state.partitions.size(); number++) {
                long next = state.partitions.get(number).size();
                Map<String, Object> one = new LinkedHashMap<>();
                one.put("partition", number);
                one.put("leader", "n1");
                one.put("replicas", List.of("n1"));
                one.put("earliest_offset", 0);
                one.put("next_offset", next);
                one.put("high_watermark", next);
                one.put("bytes", next * 100);
                partitions.add(one);
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("ok", true);
            answer.put("topic", topic);
            answer.put("cleanup", "delete");
            answer.put("partitions", partitions);
            exchange.json(200, JsonText.write(answer));
        }
    }

    private void produce(SqlExchange exchange, String topic, String route, Map<String, String> query, String body)
            throws IOException {
        synchronized (topics) {
            TopicState state = topics.get(topic);
            if (state == null && !autoCreate) {
                exchange.error(404, "unknown_topic", "Topic '" + topic + "' does not exist");
                return;
            }
            if (state == null) {
                state = new TopicState(8);
                topics.put(topic, state);
            }
            String idempotencyKey = query.get("idempotency_key");
            Map<String, Object> before = idempotencyKey == null ? null : state.answers.get(idempotencyKey);
            if (before != null) {
                Map<String, Object> again = new LinkedHashMap<>(before);
                again.put("synced", null);
                again.put("duplicate", true);
                exchange.json(200, JsonText.write(again));
                return;
            }
            List<Map<?, ?>> records = new ArrayList<>();
            if (route.equals("produce-batch")) {
                Map<?, ?> request = (Map<?, ?>) JsonText.parse(body);
                if (request != null && request.get("records") instanceof List<?> list) {
                    list.forEach(one -> records.add((Map<?, ?>) one));
                }
            } else {
                for (String line : body.split("\n")) {
                    if (!line.isBlank()) {
                        records.add(Map.of("value", line.startsWith("\"") ? "" + JsonText.parse(line) : line));
                    }
                }
            }
            int partition = query.containsKey("partition")
                    ? Integer.parseInt(query.get("partition"))
                    : nextSticky++ % state.partitions.size();
            if (partition >= state.partitions.size()) {
                exchange.error(422, "unknown_partition", "There is no partition " + partition);
                return;
            }
            List<Stored> log = state.partitions.get(partition);
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("ok", true);
            answer.put("first_offset", log.size());
            answer.put("count", records.size());
            answer.put("partition", partition);
            answer.put("batch_id", batchIds.incrementAndGet());
            answer.put("sealed", true);
            answer.put("durable", true);
            answer.put("mode", "sealed");
            answer.put("synced", true);
            for (Map<?, ?> one : records) {
                byte[] value = bytes(one, "value");
                log.add(new Stored(
                        partition,
                        log.size(),
                        one.get("timestamp_ms") instanceof Long ms ? ms : 1_750_000_000_000L,
                        bytes(one, "key"),
                        value == null ? new byte[0] : value,
                        one.get("headers") instanceof Map<?, ?> map ? map : Map.of()));
            }
            if (idempotencyKey != null) {
                state.answers.put(idempotencyKey, answer);
            }
            topics.notifyAll();
            exchange.json(200, JsonText.write(answer));
        }
    }

    private static byte @Nullable [] bytes(Map<?, ?> one, String name) {
        if (one.get(name + "_b64") instanceof String base64) {
            return Base64.getDecoder().decode(base64);
        }
        return one.get(name) instanceof String text ? text.getBytes(StandardCharsets.UTF_8) : null;
    }

    private void commit(SqlExchange exchange, String body) throws IOException {
        Map<?, ?> request = (Map<?, ?>) JsonText.parse(body);
        if (request == null) {
            exchange.error(400, "bad_request", "no body");
            return;
        }
        synchronized (topics) {
            TopicState state = topics.get(String.valueOf(request.get("topic")));
            if (state == null) {
                exchange.error(404, "unknown_topic", "no such topic");
                return;
            }
            state.committed.merge(
                    request.get("group") + "/" + request.get("partition"), (Long) request.get("offset"), Math::max);
        }
        exchange.json(200, "{\"ok\":true}");
    }

    private void consume(SqlExchange exchange, String topic, String group, int partition, Map<String, String> query)
            throws IOException {
        synchronized (topics) {
            TopicState state = topics.get(topic);
            if (state == null) {
                exchange.error(404, "unknown_topic", "Topic '" + topic + "' does not exist");
                return;
            }
            Long committed = state.committed.get(group + "/" + partition);
            long from = query.containsKey("offset")
                    ? Long.parseLong(query.get("offset"))
                    : committed == null ? 0 : committed + 1;
            List<Stored> log = state.partitions.get(partition);
            long deadline = System.nanoTime() + Long.parseLong(query.getOrDefault("wait_ms", "0")) * 1_000_000L;
            try {
                while (log.size() <= from && System.nanoTime() < deadline) {
                    topics.wait(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
                }
            } catch (InterruptedException stopping) {
                return;
            }
            long limit = Long.parseLong(query.getOrDefault("limit", "100"));
            List<Object> messages = new ArrayList<>();
            long next = from;
            while (next < log.size() && messages.size() < limit) {
                messages.add(message(log.get((int) next++)));
            }
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("messages", messages);
            answer.put("count", messages.size());
            answer.put("next_offset", next);
            answer.put("committed_offset", committed);
            answer.put("high_watermark", log.size());
            answer.put("truncated", next < log.size());
            exchange.json(200, JsonText.write(answer));
        }
    }

    private static Map<String, @Nullable Object> message(Stored stored) {
        Map<String, @Nullable Object> message = new LinkedHashMap<>();
        message.put("offset", stored.offset);
        message.put("partition", stored.partition);
        message.put("timestamp_ms", stored.timestampMs);
        message.put("key_b64", stored.key == null ? null : Base64.getEncoder().encodeToString(stored.key));
        message.put("value_b64", Base64.getEncoder().encodeToString(stored.value));
        message.put("headers", stored.headers);
        return message;
    }

    private void tail(SqlExchange exchange, String topic, Map<String, String> query) throws IOException {
        int partitions;
        synchronized (topics) {
            TopicState state = topics.get(topic);
            if (state == null) {
                exchange.error(404, "unknown_topic", "Topic '" + topic + "' does not exist");
                return;
            }
            partitions = state.partitions.size();
        }
        String from = query.getOrDefault("from", "end");
        long[] next = new long[partitions];
        OutputStream out = exchange.stream();
        boolean first = true;
        while (true) {
            List<Stored> fresh = new ArrayList<>();
            synchronized (topics) {
                TopicState state = topics.get(topic);
                if (state == null) {
                    return;
                }
                for (int partition = 0; partition < partitions; partition++) {
                    List<Stored> log = state.partitions.get(partition);
                    if (first && from.equals("end")) {
                        next[partition] = log.size();
                    } else if (first && from.startsWith("-")) {
                        next[partition] = Math.max(0, log.size() + Long.parseLong(from));
                    }
                    while (next[partition] < log.size()) {
                        fresh.add(log.get((int) next[partition]++));
                    }
                }
                first = false;
                if (fresh.isEmpty()) {
                    try {
                        topics.wait(100);
                    } catch (InterruptedException stopping) {
                        return;
                    }
                }
            }
            for (Stored stored : fresh) {
                out.write((JsonText.write(message(stored)) + "\n").getBytes(StandardCharsets.UTF_8));
            }
            out.write('\n'); // heartbeat: notices that the reader has gone
            out.flush();
        }
    }

    private static Map<String, String> query(@Nullable String raw) {
        Map<String, String> query = new LinkedHashMap<>();
        if (raw != null) {
            for (String pair : raw.split("&")) {
                int equals = pair.indexOf('=');
                query.put(
                        URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
                        URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return query;
    }
}
