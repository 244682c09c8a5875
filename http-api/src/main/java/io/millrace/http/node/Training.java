package io.millrace.http.node;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A node in a temporary folder that serves a few requests of each kind and ends: the run from which an AOT
/// cache is recorded, so that a start finds its classes loaded and linked.
final class Training {
    private static final int ROUNDS = 20;
    private static final int CHANGES_TIMEOUT_MS = 30_000;
    private static final String WINDOWS = """
            SELECT window_start, count(*), sum(amount)
            FROM TUMBLE(TABLE timed, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
            GROUP BY window_start, window_end""";

    private Training() {}

    /// @throws IOException a request was not answered as it should be
    static int run(PrintStream out) throws IOException {
        LogConfigurator.level("warn");
        Path folder = Files.createTempDirectory("millrace-train-");
        try {
            Node node = Node.start(
                    Map.of("port", "0", "data-dir", folder.resolve("data").toString()));
            try {
                train(node.address());
            } finally {
                node.stop();
            }
        } finally {
            delete(folder);
        }
        out.println("trained");
        return 0;
    }

    private static void train(URI address) throws IOException {
        request(address, "POST /broker/topics", "{\"name\":\"orders\",\"partitions\":2}");
        for (int i = 0; i < ROUNDS; i++) {
            request(
                    address,
                    "POST /broker/topics/orders/produce?key=k" + i,
                    "{\"id\":" + i + ",\"amount\":1.5,\"ts\":\"2026-01-01 00:00:0" + i % 10 + "\"}");
        }
        request(address, "POST /broker/topics/orders/produce-ndjson?key_field=id", "{\"id\":1}\n{\"id\":2}\n");
        request(address, "POST /broker/topics/orders/produce-batch", "{\"records\":[{\"key\":\"a\",\"value\":\"b\"}]}");
        for (String path : List.of(
                "/broker/topics",
                "/broker/topics/orders",
                "/broker/consume/orders/g/0",
                "/broker/groups",
                "/health",
                "/health/ready",
                "/metrics",
                "/docs/errors")) {
            request(address, "GET " + path, "");
        }
        for (String sql : List.of(
                "SELECT * FROM orders",
                "SELECT count(*), sum(amount) FROM orders WHERE id > 3",
                "CREATE STREAM pinned (id BIGINT, amount DOUBLE) WITH (topic = 'orders', format = 'json')",
                "SELECT id, max(amount) FROM pinned GROUP BY id",
                "CREATE STREAM timed (id BIGINT, amount DOUBLE, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)"
                        + " WITH (topic = 'orders', format = 'json')",
                WINDOWS,
                "SELECT a.id, b.amount FROM pinned a JOIN pinned b ON a.id = b.id ORDER BY a.id LIMIT 3",
                "CREATE STREAM large AS SELECT id, amount FROM pinned WHERE amount > 1",
                "EXPLAIN SELECT id FROM pinned",
                "SHOW STREAMS")) {
            request(address, "POST /v1/sql", sql);
        }
        changes(address, "SELECT id, amount FROM pinned EMIT CHANGES");
        changes(address, "SELECT id, count(*) FROM pinned GROUP BY id EMIT CHANGES");
        request(address, "GET /v1/catalog", "");
        request(address, "GET /v1/queries", "");
        request(address, "POST /broker/commit", "{\"topic\":\"orders\",\"group\":\"g\",\"partition\":0,\"offset\":0}");
    }

    /// A query without an end, left after its first rows.
    private static void changes(URI address, String sql) throws IOException {
        byte[] body = sql.getBytes(StandardCharsets.UTF_8);
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            socket.setSoTimeout(CHANGES_TIMEOUT_MS);
            socket.getOutputStream().write(concatenated(head(address, "POST /v1/sql", body.length), body));
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CHANGES_TIMEOUT_MS);
            for (String line = lines.readLine();
                    line == null || !line.contains("\"weight\"");
                    line = lines.readLine()) {
                if (line == null || System.nanoTime() > deadline) { // progress goes on coming without rows
                    throw new IOException("training: '" + sql + "' gave no row");
                }
            }
        }
    }

    private static byte[] head(URI address, String line, int length) {
        return (line + " HTTP/1.1\r\nHost: " + address.getAuthority() + "\r\nConnection: close\r\nContent-Length: "
                        + length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static void request(URI address, String line, String body) throws IOException {
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            OutputStream out = socket.getOutputStream();
            out.write(concatenated(head(address, line, bytes.length), bytes));
            out.flush();
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            in.transferTo(answer);
            String text = answer.toString(StandardCharsets.UTF_8);
            if (!text.startsWith("HTTP/1.1 200")) {
                throw new IOException(
                        "training: " + line + " " + body + " was answered " + (text.isEmpty() ? "with nothing" : text));
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
