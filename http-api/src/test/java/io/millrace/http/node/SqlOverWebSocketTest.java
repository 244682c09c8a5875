package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// SQL through the WebSocket of a real node, with the JDK's client.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SqlOverWebSocketTest {
    private static final String KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    private final HttpClient client = HttpClient.newHttpClient();
    private Node node;
    private URI address;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        node = TestNodes.start(folder.resolve("data"));
        address = node.address();
        Wire.call(address, "POST /broker/topics", "{\"name\":\"orders\",\"partitions\":1}");
        Wire.call(address, "POST /broker/topics/orders/produce-ndjson", "{\"id\":1}\n{\"id\":2}\n");
        Answer created = Wire.call(
                address, "POST /v1/sql", "CREATE STREAM o (id BIGINT) WITH (topic = 'orders', format = 'json')");
        assertThat(created.status()).as(created.body()).isEqualTo(200);
    }

    @AfterAll
    void stop() {
        client.shutdownNow(); // close() would wait for sockets that a failed test has left open
        node.stop();
    }

    /// What a client hears, in order.
    private static final class Ear implements WebSocket.Listener {
        private final LinkedBlockingQueue<String> messages = new LinkedBlockingQueue<>();
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final CompletableFuture<Void> pong = new CompletableFuture<>();
        private final StringBuilder partial = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
            partial.append(text);
            if (last) {
                messages.add(partial.toString());
                partial.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer content) {
            pong.complete(null);
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            closed.completeExceptionally(failure);
        }

        /// The next message that holds all of these.
        String next(String... parts) throws InterruptedException {
            while (true) {
                String message = messages.poll(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
                assertThat(message)
                        .as("a message with %s", String.join(" and ", parts))
                        .isNotNull();
                boolean all = true;
                for (String part : parts) {
                    all &= message.contains(part);
                }
                if (all) {
                    return message;
                }
            }
        }

        int code() throws Exception {
            return closed.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
        }
    }

    private WebSocket open(Node of, Ear ear, String... subprotocols) {
        WebSocket.Builder builder = client.newWebSocketBuilder();
        if (subprotocols.length > 0) {
            builder.subprotocols(subprotocols[0]);
        }
        return builder.buildAsync(URI.create("ws://127.0.0.1:" + of.address().getPort() + "/v1/sql"), ear)
                .join();
    }

    private static void send(WebSocket socket, String text) {
        socket.sendText(text, true).join();
    }

    private void awaitNoQuery(String sql) {
        TestNodes.await("no query runs '" + sql + "'", () -> !queries().contains(sql));
    }

    private String queries() {
        try {
            return Wire.call(address, "GET /v1/queries", "").body();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Test
    void theHandshakeNamesTheSubprotocolThatWasOffered() throws Exception {
        Ear ear = new Ear();
        WebSocket named = open(node, ear, "millrace.sql.v1");
        assertThat(named.getSubprotocol()).isEqualTo("millrace.sql.v1");
        named.sendPing(ByteBuffer.allocate(4)).join();
        ear.pong.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
        named.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        assertThat(ear.code()).isEqualTo(1000);

        WebSocket unnamed = open(node, new Ear());
        assertThat(unnamed.getSubprotocol()).isEmpty();
        unnamed.abort();
    }

    @Test
    void aHandshakeThatIsNoneIsRefusedAsARequest() throws Exception {
        String[] upgrade = {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY};
        assertThat(handshake(upgrade, "Sec-WebSocket-Protocol: mqtt").status()).isEqualTo(406);
        assertThat(handshake(upgrade, "Origin: http://elsewhere.example").status())
                .isEqualTo(403);
        Answer plain = Wire.call(address, "GET /v1/sql", "");
        assertThat(plain.status()).isEqualTo(426);
        assertThat(plain.header("Upgrade")).isEqualTo("websocket");
        assertThat(Wire.call(address, "GET /v1/sql", "", upgrade[0], upgrade[1], "Sec-WebSocket-Version: 8", KEY)
                        .header("Sec-WebSocket-Version"))
                .isEqualTo("13");
        assertThat(Wire.call(address, "GET /v1/sql", "", upgrade[0], upgrade[1], upgrade[2], "Sec-WebSocket-Key: x")
                        .status())
                .isEqualTo(400);
    }

    private Answer handshake(String[] headers, String more) throws IOException {
        String[] all = java.util.Arrays.copyOf(headers, headers.length + 1);
        all[headers.length] = more;
        return Wire.call(address, "GET /v1/sql", "", all);
    }

    @Test
    void twoQueriesShareASocketAndACancelEndsOneOfThem() throws Exception {
        Ear ear = new Ear();
        WebSocket socket = open(node, ear, "millrace.sql.v1");
        send(socket, "{\"id\":\"live\",\"sql\":\"SELECT id FROM o WHERE id > 1 EMIT CHANGES\"}");
        assertThat(ear.next("\"live\""))
                .isEqualTo("{\"id\":\"live\",\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"}]}");
        ear.next("\"live\"", "{\"weight\":1,\"row\":[2]}");
        send(socket, "{\"id\":\"b\",\"sql\":\"SELECT CAST($1 AS BIGINT) + 1 AS n\",\"parameters\":[41]}");
        assertThat(ear.next("\"b\"")).startsWith("{\"id\":\"b\",\"columns\":[{\"name\":\"n\"");
        assertThat(ear.next("\"b\"")).isEqualTo("{\"id\":\"b\",\"changes\":[{\"weight\":1,\"row\":[42]}]}");
        assertThat(ear.next("\"b\"")).startsWith("{\"id\":\"b\",\"complete\":{\"row_count\":1,\"frontier\":");
        Wire.call(address, "POST /broker/topics/orders/produce", "{\"id\":77}");
        assertThat(ear.next("[77]")).contains("\"id\":\"live\"").contains("\"frontier\":{\"orders\":[");
        ear.next("\"live\"", "\"progress\":{\"frontier\":");
        send(socket, "{\"id\":\"live\",\"cancel\":true}");
        assertThat(ear.next("\"live\"", "\"complete\"")).contains("\"message\":\"cancelled\"");
        awaitNoQuery("id > 1 EMIT");
        send(socket, "{\"id\":\"live\",\"sql\":\"SELECT 1 AS a; SELECT 2 AS b\"}"); // the id is free again
        assertThat(ear.next("\"complete\"")).endsWith(",\"more\":true}");
        ear.next("\"row\":[2]");
        assertThat(ear.next("\"complete\"")).doesNotContain("more");
        socket.abort();
    }

    @Test
    void aStatementGoesOnBehindTheFrontierWhereItWasCancelled() throws Exception {
        Wire.call(address, "POST /broker/topics", "{\"name\":\"resumed\",\"partitions\":1}");
        Wire.call(address, "POST /broker/topics/resumed/produce-ndjson", "{\"n\":1}\n{\"n\":2}\n");
        Ear ear = new Ear();
        WebSocket socket = open(node, ear);
        send(socket, "{\"id\":\"first\",\"sql\":\"SELECT n FROM resumed EMIT CHANGES\"}");
        ear.next("\"row\":[2]");
        send(socket, "{\"id\":\"first\",\"cancel\":true}");
        String end = ear.next("\"first\"", "\"complete\"");
        assertThat(end).contains("\"frontier\":{\"resumed\":[2]}");
        Wire.call(address, "POST /broker/topics/resumed/produce", "{\"n\":3}");
        send(socket, "{\"id\":\"again\",\"sql\":\"SELECT n FROM resumed EMIT CHANGES\",\"from\":{\"resumed\":[2]}}");
        assertThat(ear.next("\"again\"", "\"changes\""))
                .startsWith("{\"id\":\"again\",\"changes\":[{\"weight\":1,\"row\":[3]}]");
        socket.abort();
    }

    @Test
    void aClientThatDoesNotReadStopsItsQueriesReading() throws Exception {
        Wire.call(address, "POST /broker/topics", "{\"name\":\"bulk\",\"partitions\":1}");
        String lines = ("{\"text\":\"" + "x".repeat(1000) + "\"}\n").repeat(1000);
        for (int i = 0; i < 40; i++) {
            Answer sent = Wire.call(address, "POST /broker/topics/bulk/produce-ndjson", lines);
            assertThat(sent.status()).as(sent.body()).isEqualTo(200);
        }
        try (Wire wire = new Wire(address)) {
            handshake(wire);
            sendText(wire, "{\"id\":\"a\",\"sql\":\"SELECT text, _offset FROM bulk EMIT CHANGES\"}");
            long[] out = {-1, -1};
            TestNodes.await("the query stops before its end", () -> {
                out[0] = out[1];
                out[1] = rowsOut("FROM bulk EMIT");
                java.util.concurrent.locks.LockSupport.parkNanos(500_000_000);
                return out[1] > 0 && out[0] == out[1];
            });
            assertThat(out[1]).isLessThan(40_000);
            // and goes on as soon as somebody reads
            long bytes = 0;
            byte[] piece = new byte[1 << 16];
            while (bytes < 40L * 1000 * 1000) {
                bytes += wire.socket().getInputStream().read(piece);
            }
            TestNodes.await("all rows are out", () -> rowsOut("FROM bulk EMIT") == 40_000);
        }
        awaitNoQuery("FROM bulk EMIT");
    }

    private long rowsOut(String sql) {
        String all = queries();
        int at = all.indexOf(sql);
        if (at < 0) {
            return -1;
        }
        int start = all.indexOf("\"rows_out\":", at) + 11;
        return Long.parseLong(all.substring(start, all.indexOf(',', start)));
    }

    private static void handshake(Wire wire) throws IOException {
        wire.send("GET /v1/sql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\n" + KEY + "\r\n\r\n");
        assertThat(wire.head()).isEqualTo(101);
    }

    /// A text frame whose mask is 0.
    private static void sendText(Wire wire, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThat(bytes.length).isLessThan(126);
        byte[] frame = new byte[6 + bytes.length];
        frame[0] = (byte) 0x81;
        frame[1] = (byte) (0x80 | bytes.length);
        System.arraycopy(bytes, 0, frame, 6, bytes.length);
        wire.send(frame);
    }

    @Test
    void aSilentClientIsPingedAndThenClosed(@TempDir Path folder) throws Exception {
        try (Node other = TestNodes.start(folder.resolve("data"), "http.idle-timeout-ms", "1000");
                Wire wire = new Wire(other.address())) {
            handshake(wire);
            assertThat(wire.read()).isEqualTo(0x89);
            assertThat(wire.read()).isZero();
            assertThat(wire.read()).isEqualTo(0x88);
            assertThat(wire.read()).isGreaterThanOrEqualTo(2);
            assertThat(wire.read() << 8 | wire.read()).isEqualTo(1008);
        }
    }

    @Test
    void theHandshakeNeedsAToken(@TempDir Path folder) throws Exception {
        String[] upgrade = {"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", KEY};
        try (Node other =
                TestNodes.start(folder.resolve("data"), "tokens", "reader-secret:query,writer-secret:produce")) {
            URI there = other.address();
            assertThat(Wire.call(there, "GET /v1/sql", "", upgrade).status()).isEqualTo(401);
            String[] wrong = java.util.Arrays.copyOf(upgrade, 5);
            wrong[4] = "Authorization: Bearer writer-secret";
            assertThat(Wire.call(there, "GET /v1/sql", "", wrong).status()).isEqualTo(403);
            try (Wire wire = new Wire(there)) {
                wire.send("GET /v1/sql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer reader-secret\r\n"
                        + String.join("\r\n", upgrade) + "\r\n\r\n");
                assertThat(wire.head()).isEqualTo(101);
            }
        }
    }

    @Test
    void mistakesAreToldAndTheSocketGoesOn() throws Exception {
        Ear ear = new Ear();
        WebSocket socket = open(node, ear);
        send(socket, "{\"id\":\"a\",\"sql\":\"SELECT id,\\n  nonsense FROM o\"}");
        assertThat(ear.next("\"error\""))
                .startsWith("{\"id\":\"a\",\"error\":{\"ok\":false,\"error\":\"")
                .contains("\"position\":{\"line\":2,\"column\":3}");
        send(socket, "{\"id\":");
        assertThat(ear.next("\"error\"")).startsWith("{\"id\":null,\"error\":{").contains("malformed_json");
        send(socket, "{\"id\":\"c\",\"sqll\":\"SELECT 1\"}");
        assertThat(ear.next("\"error\"")).startsWith("{\"id\":\"c\",").contains("invalid_value");
        for (int i = 0; i < 16; i++) {
            send(socket, "{\"id\":\"q" + i + "\",\"sql\":\"SELECT id FROM o WHERE id > 500 EMIT CHANGES\"}");
        }
        send(socket, "{\"id\":\"q3\",\"sql\":\"SELECT 1\"}");
        assertThat(ear.next("\"error\"")).startsWith("{\"id\":\"q3\",").contains("still runs");
        send(socket, "{\"id\":\"q16\",\"sql\":\"SELECT 1\"}");
        assertThat(ear.next("\"error\"")).startsWith("{\"id\":\"q16\",").contains("too_many_queries");
        socket.abort();
        awaitNoQuery("id > 500 EMIT");
    }

    @Test
    void whatIsNoMessageClosesTheSocketWithItsReason() throws Exception {
        Ear binary = new Ear();
        open(node, binary).sendBinary(ByteBuffer.allocate(3), true).join();
        assertThat(binary.code()).isEqualTo(1003);

        int limit = 1 << 20;
        String frame = "{\"id\":\"a\",\"sql\":\"SELECT 1\"}";
        for (int size : new int[] {limit - 1, limit}) {
            Ear ear = new Ear();
            WebSocket socket = open(node, ear);
            send(socket, frame + " ".repeat(size - frame.length()));
            ear.next("\"complete\"");
            socket.abort();
        }
        Ear large = new Ear();
        open(node, large).sendText(frame + " ".repeat(limit + 1 - frame.length()), true);
        assertThat(large.code()).isEqualTo(1009);
    }

    @Test
    void bytesThatAreNoFrameCloseTheSocketAsAProtocolError() throws Exception {
        try (Wire wire = new Wire(address)) {
            handshake(wire);
            wire.send(new byte[] {(byte) 0x81, 1, 'x'}); // not masked
            assertThat(wire.read()).isEqualTo(0x88);
            assertThat(wire.read()).isGreaterThanOrEqualTo(2);
            assertThat(wire.read() << 8 | wire.read()).isEqualTo(1002);
        }
    }

    @Test
    void aClientThatGoesEndsItsQueries() throws Exception {
        Ear ear = new Ear();
        WebSocket socket = open(node, ear);
        send(socket, "{\"id\":\"a\",\"sql\":\"SELECT id FROM o WHERE id > 900 EMIT CHANGES\"}");
        ear.next("\"progress\"");
        assertThat(queries()).contains("id > 900 EMIT");
        socket.abort();
        awaitNoQuery("id > 900 EMIT");
    }

    @Test
    void aNodeThatStopsSaysSo(@TempDir Path folder) throws Exception {
        Ear ear = new Ear();
        try (Node other = TestNodes.start(folder.resolve("data"))) {
            WebSocket socket = open(other, ear);
            send(socket, "{\"id\":\"a\",\"sql\":\"SELECT 1\"}");
            ear.next("\"complete\"");
            assertThat(other.stop()).isTrue();
        }
        assertThat(ear.code()).isEqualTo(1001);
    }
}
