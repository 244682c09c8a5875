package io.millrace.http.node;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// A node in a temporary folder that serves a few requests of each kind and ends: the run from which an AOT
/// cache is recorded, so that a start finds its classes loaded and linked.
final class Training {
    private static final int ROUNDS = 20;

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
            request(address, "POST /broker/topics/orders/produce?key=k" + i, "{\"id\":" + i + ",\"amount\":1.5}");
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
                "SHOW STREAMS")) {
            request(address, "POST /v1/sql", sql);
        }
        request(address, "GET /v1/catalog", "");
        request(address, "GET /v1/queries", "");
        request(address, "POST /broker/commit", "{\"topic\":\"orders\",\"group\":\"g\",\"partition\":0,\"offset\":0}");
    }

    private static void request(URI address, String line, String body) throws IOException {
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            OutputStream out = socket.getOutputStream();
            out.write((line + " HTTP/1.1\r\nHost: " + address.getAuthority()
                            + "\r\nConnection: close\r\nContent-Length: " + bytes.length + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.write(bytes);
            out.flush();
            InputStream in = socket.getInputStream();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            in.transferTo(answer);
            String text = answer.toString(StandardCharsets.UTF_8);
            if (!text.startsWith("HTTP/1.1 200")) {
                throw new IOException("training: " + line + " was answered "
                        + text.lines().findFirst().orElse("nothing"));
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
