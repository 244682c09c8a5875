package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import io.millrace.http.json.JsonTree;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Records through a real node, over real sockets.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecordsOverHttpTest {
    private Node node;
    private URI address;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        node = TestNodes.start(folder.resolve("data"), "http.body-bytes-max", "65536");
        address = node.address();
    }

    @AfterAll
    void stop() {
        node.stop();
    }

    private Answer post(String path, String body, String... headers) throws IOException {
        return Wire.call(address, "POST " + path, body, headers);
    }

    private Answer get(String path, String... headers) throws IOException {
        return Wire.call(address, "GET " + path, "", headers);
    }

    @SuppressWarnings("unchecked") // an object's names are strings
    private static Map<String, Object> json(Answer answer) throws Exception {
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        return (Map<String, Object>)
                java.util.Objects.requireNonNull(JsonTree.parse(bytes, 0, bytes.length), "an object");
    }

    private static List<?> list(Map<String, Object> json, String name) {
        return (List<?>) java.util.Objects.requireNonNull(json.get(name), name);
    }

    private void topic(String name, int partitions) throws IOException {
        assertThat(post("/broker/topics", "{\"name\":\"%s\",\"partitions\":%d}".formatted(name, partitions))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aRecordIsAcknowledgedFieldForFieldAndReadBack() throws Exception {
        topic("single", 2);
        Answer produced = post(
                "/broker/topics/single/produce?partition=1&key=k%C3%A4&timestamp_ms=1750000000000",
                "hello", "X-Record-Header-Source: caf\u00c3\u00a9");
        assertThat(produced.status()).isEqualTo(200);
        assertThat(produced.body())
                .matches(
                        "\\{\"ok\":true,\"offset\":0,\"partition\":1,\"batch_id\":\\d+,\"sealed\":true,\"durable\":true,"
                                + "\"mode\":\"sealed\",\"synced\":true}\n");
        assertThat(get("/broker/consume/single/g/1").body())
                .isEqualTo(
                        "{\"messages\":[{\"offset\":0,\"partition\":1,\"timestamp_ms\":1750000000000,\"key\":\"kä\",\"value\":\"hello\","
                                + "\"headers\":{\"Source\":\"café\"}}],\"count\":1,\"next_offset\":1,\"committed_offset\":null,"
                                + "\"high_watermark\":1,\"truncated\":false}\n");
        assertThat(get("/broker/consume/single/g/1?encoding=b64").body())
                .contains("\"key_b64\":\"a8Ok\"")
                .contains("\"value_b64\":\"aGVsbG8=\"");
    }

    @Test
    void anIdempotencyKeyAddsNothingTwiceAndRefusesAnotherBody() throws Exception {
        topic("idempotent", 4);
        String path = "/broker/topics/idempotent/produce?idempotency_key=once";
        Map<String, Object> first = json(post(path, "a"));
        Answer second = post(path, "a");
        assertThat(second.body())
                .isEqualTo(
                        "{\"ok\":true,\"offset\":%s,\"partition\":%s,\"sealed\":true,\"synced\":null,\"duplicate\":true}\n"
                                .formatted(first.get("offset"), first.get("partition")));
        assertThat(post(path, "b").status()).isEqualTo(409);
        assertThat(post(path, "b").body()).contains("\"error\":\"idempotency_conflict\"");
    }

    @Test
    void linesBecomeRecordsWhereverTheBytesAreCut() throws Exception {
        topic("lines", 1);
        String body = "\n{\"a\":1}\r\n  \"quoted \\u00e4 \\\"x\\\"\"  \n\n[1,2]\nplain";
        for (int cut = 0; cut <= body.length(); cut += 3) {
            try (Wire wire = new Wire(address)) {
                wire.send(
                        "POST /broker/topics/lines/produce-ndjson HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
                chunk(wire, body.substring(0, cut));
                chunk(wire, body.substring(cut));
                wire.send("0\r\n\r\n");
                assertThat(wire.answer().body()).contains("\"count\":4");
            }
        }
        List<?> messages = list(json(get("/broker/consume/lines/g/0?limit=4")), "messages");
        List<String> values = messages.stream()
                .map(message -> String.valueOf(((Map<?, ?>) message).get("value")))
                .toList();
        assertThat(values).containsExactly("{\"a\":1}", "quoted ä \"x\"", "[1,2]", "plain");
    }

    private static void chunk(Wire wire, String text) throws IOException {
        if (!text.isEmpty()) {
            wire.send(Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
        }
    }

    @Test
    void aKeyFieldDecidesThePartitionAndTheSpreadIsTold() throws Exception {
        topic("keyed", 8);
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            body.append("{\"x\":[{\"id\":0}],\"user\":{\"id\":\"u")
                    .append(i % 10)
                    .append("\"}}\n");
        }
        Map<String, Object> answer =
                json(post("/broker/topics/keyed/produce-ndjson?key_field=user.id", body.toString()));
        assertThat(answer.get("count")).isEqualTo(100L);
        long total = 0;
        for (Object part : list(answer, "partitions")) {
            Map<?, ?> place = (Map<?, ?>) part;
            total += (Long) java.util.Objects.requireNonNull(place.get("count"));
            List<?> messages = list(json(get("/broker/consume/keyed/g/" + place.get("partition"))), "messages");
            for (Object message : messages) {
                String key = String.valueOf(((Map<?, ?>) message).get("key"));
                assertThat(fnv(key) % 8).isEqualTo(place.get("partition"));
            }
        }
        assertThat(total).isEqualTo(100);
        Answer missing =
                post("/broker/topics/keyed/produce-ndjson?key_field=user.id", "{\"user\":{\"id\":\"a\"}}\n{}\n");
        assertThat(missing.status()).isEqualTo(422);
        assertThat(missing.body()).contains("Line 2");
    }

    /// By the book, with big numbers: the reference that the fast one is compared with.
    private static long fnv(String key) {
        java.math.BigInteger hash = new java.math.BigInteger("cbf29ce484222325", 16);
        for (byte next : key.getBytes(StandardCharsets.UTF_8)) {
            hash = hash.xor(java.math.BigInteger.valueOf(next & 0xFF))
                    .multiply(new java.math.BigInteger("100000001b3", 16))
                    .mod(java.math.BigInteger.TWO.pow(64));
        }
        return hash.mod(java.math.BigInteger.valueOf(8)).longValueExact();
    }

    @Test
    void aBatchKeepsEveryDigitAndEveryByte() throws Exception {
        topic("batch", 2);
        Answer answer = post("/broker/topics/batch/produce-batch?partition=0", """
                {"records":[{"key":"a","value":{"n":1.10,"l":[1e400, 12345678901234567890]},"headers":{"h":"v"}},
                 {"value_b64":"/w==","timestamp_ms":5}, {"value":null}, {"value":42 }, {"partition":1,"value":"other"}]}""");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(get("/broker/consume/batch/g/0").body())
                .contains("\"value\":\"{\\\"n\\\":1.10,\\\"l\\\":[1e400, 12345678901234567890]}\"")
                .contains("\"timestamp_ms\":5,\"key\":null,\"value_b64\":\"/w==\"")
                .contains("\"value\":null")
                .contains("\"value\":\"42\"")
                .contains("\"count\":4");
        assertThat(get("/broker/consume/batch/g/1").body()).contains("other");
    }

    @Test
    void compressedBodiesAreReadUpToTheLimitAndNotFurther() throws Exception {
        topic("zipped", 1);
        String lines = "{\"a\":\"b\"}\n".repeat(1000);
        for (String encoding : List.of("gzip", "zstd")) {
            byte[] body = compress(encoding, lines.getBytes(StandardCharsets.UTF_8));
            try (Wire wire = new Wire(address)) {
                assertThat(wire.request(
                                        "POST /broker/topics/zipped/produce-ndjson",
                                        body,
                                        "Content-Encoding: " + encoding)
                                .body())
                        .contains("\"count\":1000");
            }
            byte[] fits = compress(encoding, new byte[65_536]);
            byte[] bomb = compress(encoding, new byte[65_537]);
            try (Wire wire = new Wire(address)) {
                assertThat(wire.request("POST /broker/topics/zipped/produce", fits, "Content-Encoding: " + encoding)
                                .status())
                        .isEqualTo(200);
                assertThat(wire.request("POST /broker/topics/zipped/produce", bomb, "Content-Encoding: " + encoding)
                                .status())
                        .isEqualTo(413);
            }
            assertThat(post("/broker/topics/zipped/produce", "not compressed", "Content-Encoding: " + encoding)
                            .body())
                    .contains("malformed_body");
        }
        assertThat(post("/broker/topics/zipped/produce", "x", "Content-Encoding: br")
                        .status())
                .isEqualTo(415);
    }

    private static byte[] compress(String encoding, byte[] bytes) throws IOException {
        if (encoding.equals("zstd")) {
            return Zstd.compress(bytes);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    @Test
    void theBodyLimitHoldsToTheByte() throws Exception {
        topic("limits", 1);
        for (int size : new int[] {65_535, 65_536}) {
            assertThat(post("/broker/topics/limits/produce", "x".repeat(size)).status())
                    .isEqualTo(200);
        }
        assertThat(post("/broker/topics/limits/produce", "x".repeat(65_537)).status())
                .isEqualTo(413);
        try (Wire wire = new Wire(address)) { // the same without a length in front
            wire.send("POST /broker/topics/limits/produce HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
            chunk(wire, "x".repeat(65_536));
            chunk(wire, "x");
            wire.send("0\r\n\r\n");
            assertThat(wire.answer().status()).isEqualTo(413);
        }
    }

    @Test
    void consumingResumesBehindWhatWasCommitted() throws Exception {
        topic("resume", 1);
        post("/broker/topics/resume/produce-ndjson", "a\nb\nc\nd\n");
        assertThat(json(get("/broker/consume/resume/g/0?limit=2")))
                .containsEntry("next_offset", 2L)
                .containsEntry("truncated", true);
        assertThat(post("/broker/commit", "{\"topic\":\"resume\",\"group\":\"g\",\"partition\":0,\"offset\":1}")
                        .status())
                .isEqualTo(200);
        // backwards is ignored
        post("/broker/commit", "{\"topic\":\"resume\",\"group\":\"g\",\"partition\":0,\"offset\":0}");
        Map<String, Object> rest = json(get("/broker/consume/resume/g/0"));
        assertThat(rest.get("committed_offset")).isEqualTo(1L);
        assertThat(list(rest, "messages")).hasSize(2);
        assertThat(json(get("/broker/consume/resume/g/0?max_bytes=1")))
                .containsEntry("count", 1L)
                .containsEntry("truncated", true);
        assertThat(get("/broker/groups/g").body())
                .contains("\"topic\":\"resume\"")
                .contains("\"lag\":2");
        assertThat(get("/broker/groups").body()).contains("\"group\":\"g\"");
    }

    @Test
    void aLongPollEndsWhenARecordComesOrTheTimeIsOver() throws Exception {
        topic("poll", 1);
        try (Wire waiting = new Wire(address)) {
            waiting.send("GET /broker/consume/poll/g/0?wait_ms=15000 HTTP/1.1\r\nHost: t\r\n\r\n");
            TestNodes.await("the poll waits", () -> metric("millrace_consume_long_polls") == 1);
            post("/broker/topics/poll/produce", "late");
            assertThat(waiting.answer().body()).contains("late");
        }
        long begin = System.nanoTime();
        assertThat(json(get("/broker/consume/poll/g/0?offset=1&wait_ms=200"))).containsEntry("count", 0L);
        assertThat(System.nanoTime() - begin).isGreaterThan(190_000_000L);
        TestNodes.await("nobody waits", () -> metric("millrace_consume_long_polls") == 0);
    }

    private double metric(String name) {
        try {
            return get("/metrics")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .sum();
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    @Test
    void streamsFollowWhatIsAppendedAndResumeByEventId() throws Exception {
        topic("follow", 2);
        post("/broker/topics/follow/produce?partition=0", "one");
        try (Wire tail = new Wire(address)) {
            tail.send("GET /broker/tail/follow?from=start HTTP/1.1\r\nHost: t\r\n\r\n");
            assertThat(tail.head()).isEqualTo(200);
            assertThat(tail.chunk()).contains("\"value\":\"one\"").endsWith("}\n");
            post("/broker/topics/follow/produce?partition=1", "two");
            assertThat(tail.chunk()).contains("\"value\":\"two\"");
        }
        try (Wire events = new Wire(address)) {
            events.send(
                    "GET /broker/consume/follow/g/0?offset=0 HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\n\r\n");
            assertThat(events.head()).isEqualTo(200);
            assertThat(events.chunk()).isEqualTo(": connected\n\n");
            assertThat(events.chunk()).startsWith("id: 0\ndata: {\"offset\":0");
        }
        post("/broker/topics/follow/produce?partition=0", "three");
        try (Wire events = new Wire(address)) {
            events.send(
                    "GET /broker/consume/follow/g/0 HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\nLast-Event-ID: 0\r\n\r\n");
            assertThat(events.head()).isEqualTo(200);
            events.chunk();
            assertThat(events.chunk()).startsWith("id: 1\n").contains("three");
        }
        try (Wire filtered = new Wire(address)) {
            filtered.send("GET /broker/tail/follow?from=-1&filter=thr HTTP/1.1\r\nHost: t\r\n\r\n");
            assertThat(filtered.head()).isEqualTo(200);
            assertThat(filtered.chunk()).contains("three").doesNotContain("two");
        }
        TestNodes.await("streams end with their clients", () -> metric("millrace_consume_streams") == 0);
    }

    @Test
    void deletedRecordsAndTopicsAreGone() throws Exception {
        topic("gone", 1);
        post("/broker/topics/gone/produce-ndjson", "a\nb\nc\n");
        Answer deleted = post("/broker/delete-before", "{\"topic\":\"gone\",\"partition\":0,\"before_offset\":2}");
        assertThat(deleted.body()).contains("\"deleted_count\":2");
        Answer tooOld = get("/broker/consume/gone/g/0?offset=1");
        assertThat(tooOld.status()).isEqualTo(410);
        assertThat(tooOld.body()).contains("\"earliest_offset\":2").contains("\"next_offset\":3");
        assertThat(get("/broker/consume/gone/g/0?offset=4").status()).isEqualTo(416);
        assertThat(json(get("/broker/consume/gone/g/0"))).containsEntry("count", 1L);
        assertThat(post("/broker/retention", "{\"topic\":\"gone\",\"ttl_ms\":60000}")
                        .status())
                .isEqualTo(200);
        assertThat(get("/broker/topics/gone").body()).contains("\"retention\":{\"ms\":60000,\"bytes\":null}");
        assertThat(Wire.call(address, "DELETE /broker/topics/gone", "").status())
                .isEqualTo(200);
        assertThat(get("/broker/topics/gone").status()).isEqualTo(404);
        topic("gone", 1);
        assertThat(json(get("/broker/consume/gone/g/0"))).containsEntry("high_watermark", 0L);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            POST /broker/topics                                  | {}                                  | 422 | invalid_value
            POST /broker/topics                                  | {                                   | 400 | malformed_json
            POST /broker/topics                                  | []                                  | 422 | invalid_value
            POST /broker/topics                                  | {"name":"a/b"}                      | 422 | invalid_name
            POST /broker/topics                                  | {"name":".."}                       | 422 | invalid_name
            POST /broker/topics                                  | {"name":"_own"}                     | 422 | invalid_name
            POST /broker/topics                                  | {"name":"t","partitions":0}         | 422 | invalid_value
            POST /broker/topics                                  | {"name":"t","partitions":4097}      | 422 | invalid_value
            POST /broker/topics                                  | {"name":"t","partions":1}           | 422 | invalid_value
            POST /broker/topics                                  | {"name":"t","cleanup":"shred"}      | 422 | invalid_value
            POST /broker/topics                                  | {"name":"errors","partitions":3}    | 409 | topic_exists
            GET /broker/topics/nowhere                           | ''                                  | 404 | unknown_topic
            DELETE /broker/topics/nowhere                        | ''                                  | 404 | unknown_topic
            POST /broker/topics/errors/produce?partition=2       | x                                   | 404 | unknown_partition
            POST /broker/topics/errors/produce?partition=-1      | x                                   | 400 | invalid_parameter
            POST /broker/topics/errors/produce?partition=0&partition=1 | x                             | 400 | invalid_parameter
            POST /broker/topics/errors/produce?partion=1         | x                                   | 400 | unknown_parameter
            POST /broker/topics/errors/produce?ack=perhaps       | x                                   | 400 | invalid_parameter
            POST /broker/topics/errors/produce?key=%zz           | x                                   | 400 | malformed_uri
            POST /broker/topics/errors/produce?key=%ff           | x                                   | 400 | malformed_uri
            POST /broker/topics/errors/produce?timing=maybe      | x                                   | 400 | invalid_parameter
            POST /broker/topics/errors/produce?partition=0&expect_offset=9 | x                         | 409 | offset_mismatch
            POST /broker/topics/_own/produce                     | x                                   | 422 | invalid_name
            POST /broker/topics/errors/produce-ndjson            | "open                               | 400 | malformed_json
            POST /broker/topics/errors/produce-ndjson            | ''                                  | 422 | invalid_value
            POST /broker/topics/errors/produce-batch             | {"records":[{}]}                    | 422 | invalid_value
            POST /broker/topics/errors/produce-batch             | {"records":[]}                      | 422 | invalid_value
            POST /broker/topics/errors/produce-batch             | {"records":[{"value":1}]}x          | 400 | malformed_json
            POST /broker/topics/errors/produce-batch             | {"records":[{"value_b64":"*"}]}     | 422 | invalid_value
            GET /broker/consume/errors/g/2                       | ''                                  | 404 | unknown_partition
            GET /broker/consume/errors/g/x                       | ''                                  | 400 | invalid_parameter
            GET /broker/consume/errrors/g/0                      | ''                                  | 404 | unknown_topic
            GET /broker/consume/errors/g/0?limit=0               | ''                                  | 400 | invalid_parameter
            GET /broker/consume/errors/g/0?limit=10001           | ''                                  | 400 | invalid_parameter
            GET /broker/consume/errors/g/0?encoding=hex          | ''                                  | 400 | invalid_parameter
            GET /broker/consume/errors/g%2F/0                    | ''                                  | 422 | invalid_name
            GET /broker/tail/errors?from=yesterday               | ''                                  | 400 | invalid_parameter
            POST /broker/commit | {"topic":"errors","group":"g","partition":0,"offset":7}              | 416 | offset_out_of_range
            POST /broker/commit | {"topic":"errors","group":"g","partition":5,"offset":0}              | 404 | unknown_partition
            POST /broker/commit | {"topic":"errors","group":"","partition":0,"offset":0}               | 422 | invalid_name
            GET /broker/groups/nobody                            | ''                                  | 404 | unknown_group
            GET /broker                                          | ''                                  | 404 | unknown_route
            GET /broker/topics/                                  | ''                                  | 404 | unknown_route
            GET //                                               | ''                                  | 404 | unknown_route
            PUT /health                                          | ''                                  | 405 | method_not_allowed
            POST /health                                         | ''                                  | 405 | method_not_allowed
            GET /docs/nothing                                    | ''                                  | 404 | unknown_document
            """)
    void mistakesAreToldByStatusAndCode(String line, String body, int status, String code) throws Exception {
        topic("errors", 2);
        Answer answer = Wire.call(address, line, body, "X-Request-Id: my-id");
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        Map<String, Object> json = json(answer);
        assertThat(json.get("ok")).isEqualTo(false);
        assertThat(json.get("error")).isEqualTo(code);
        assertThat(json.get("docs")).isEqualTo("/docs/errors#" + code);
        assertThat(json.get("request_id")).isEqualTo("my-id");
        assertThat(answer.header("X-Request-Id")).isEqualTo("my-id");
        assertThat(String.valueOf(json.get("message"))).isNotBlank();
    }

    @Test
    void nearMissesAreSuggestedAndMethodsListed() throws Exception {
        topic("orders", 1);
        assertThat(get("/broker/consume/ordres/g/0").body()).contains("Did you mean 'orders'?");
        assertThat(get("/brokr/topics").body()).contains("Did you mean /broker/topics?");
        assertThat(Wire.call(address, "PUT /broker/topics", "").header("Allow")).isEqualTo("POST, GET, HEAD, OPTIONS");
    }

    @Test
    void whatWasProducedIsThereAfterARestart(@TempDir Path folder) throws Exception {
        try (Node first = TestNodes.start(folder.resolve("d"))) {
            Wire.call(first.address(), "POST /broker/topics/kept/produce?partition=3", "still here");
            Wire.call(
                    first.address(),
                    "POST /broker/commit",
                    "{\"topic\":\"kept\",\"group\":\"g\",\"partition\":3,\"offset\":0}");
        }
        try (Node second = TestNodes.start(folder.resolve("d"))) {
            Answer read = Wire.call(second.address(), "GET /broker/consume/kept/g/3?offset=0", "");
            assertThat(read.body()).contains("still here").contains("\"committed_offset\":0");
        }
    }
}
