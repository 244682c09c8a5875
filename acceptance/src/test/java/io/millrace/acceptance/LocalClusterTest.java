package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes as `./millrace cluster` runs them: a follower misses records and catches up; the leader is killed under
/// load, and nothing that was acknowledged is lost or there twice.
class LocalClusterTest {
    private static final int NODES = 3;
    private static final int PORT_STEP = 1000;
    private static final int CURL_KNOWS_NO_AUTHORITY = 60;
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final Pattern VALUE = Pattern.compile("\"offset\":(\\d+),[^}]*?\"value\":\"([^\"]*)\"");
    private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");
    private static final Pattern LEADER = Pattern.compile("\"leader\":\"(n\\d)\"");

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private int basePort;

    @Test
    void aFollowerCatchesUpAndAKilledLeaderLosesNothing() throws Exception {
        basePort = freeBasePort();
        try {
            String table = run(
                    0,
                    "up",
                    "--nodes",
                    Integer.toString(NODES),
                    "--base-port",
                    Integer.toString(basePort),
                    "--set",
                    "log.free-bytes-min=0");
            assertThat(table.lines().filter(line -> line.endsWith(" ready"))).hasSize(NODES);
            assertThat(written("n2", "/broker/topics", "{\"name\":\"orders\",\"partitions\":1}"))
                    .contains("\"ok\":true");
            followerCatchesUp();
            leaderIsKilledUnderLoad();
            assertThat(run(0, "down").lines().filter(line -> line.endsWith("has stopped.")))
                    .hasSize(NODES);
        } finally {
            for (int node = 1; node <= NODES; node++) {
                run(-1, "kill", "n" + node);
            }
            http.shutdownNow();
        }
    }

    @Test
    void anEncryptedClusterServesThoseWhoTrustItsAuthority() throws Exception {
        basePort = freeBasePort();
        try {
            String table = run(
                    0,
                    "up",
                    "--tls",
                    "--nodes",
                    Integer.toString(NODES),
                    "--base-port",
                    Integer.toString(basePort),
                    "--set",
                    "log.free-bytes-min=0");
            assertThat(table.lines().filter(line -> line.endsWith(" ready"))).hasSize(NODES);
            assertThat(curl(0, "n2", "/broker/topics", "-d", "{\"name\":\"secrets\",\"partitions\":1}"))
                    .contains("\"ok\":true");
            assertThat(curl(0, "n3", "/broker/topics/secrets/produce?idempotency_key=k", "-d", "whispered"))
                    .containsAnyOf("\"synced\":true", "\"duplicate\":true");
            for (int node = 1; node <= NODES; node++) {
                assertThat(curl(0, "n" + node, "/broker/consume/secrets/g/0?offset=0&consistency=linearizable"))
                        .contains("\"value\":\"whispered\"", "\"count\":1");
            }
            String plain = address("n1", "/health").toString();
            assertThat(run(List.of("curl", "-sS", plain.replace("http:", "https:")), CURL_KNOWS_NO_AUTHORITY))
                    .contains("certificate");
            assertThat(run(List.of("curl", "-sS", plain), 0)).contains("\"error\":\"tls_required\"");
            assertThat(run(0, "down").lines().filter(line -> line.endsWith("has stopped.")))
                    .hasSize(NODES);
        } finally {
            for (int node = 1; node <= NODES; node++) {
                run(-1, "kill", "n" + node);
            }
            http.shutdownNow();
        }
    }

    /// With the cluster's authority; again while a leader is being elected.
    private String curl(int exitCode, String node, String path, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "curl",
                "-fsSL",
                "--retry",
                "30",
                "--retry-delay",
                "1",
                "--retry-all-errors",
                "--cacert",
                folder.resolve("cluster/certs/ca.pem").toString()));
        command.addAll(List.of(options));
        command.add(address(node, path).toString().replace("http:", "https:"));
        return run(command, exitCode);
    }

    private void followerCatchesUp() throws Exception {
        String leader = leader("n1");
        String away = leader.equals("n3") ? "n2" : "n3";
        String other = leader.equals("n1") ? "n2" : "n1";
        run(0, "kill", away);
        for (String value : List.of("one", "two")) {
            assertThat(written(
                            other.equals(away) ? leader : other,
                            "/broker/topics/orders/produce?idempotency_key=" + value,
                            value))
                    .containsAnyOf("\"synced\":true", "\"duplicate\":true");
        }
        assertThat(written(
                        leader,
                        "/broker/commit",
                        "{\"topic\":\"orders\",\"group\":\"g\",\"partition\":0,\"offset\":1}"))
                .contains("\"committed_offset\":1");
        run(0, "start", away);
        assertThat(get(away, "/broker/consume/orders/x/0?offset=0&consistency=linearizable"))
                .containsSubsequence("\"value\":\"one\"", "\"value\":\"two\"", "\"count\":2");
    }

    private void leaderIsKilledUnderLoad() throws Exception {
        Map<String, Long> acknowledged = new ConcurrentHashMap<>();
        AtomicLong lastAnswerNanos = new AtomicLong(System.nanoTime());
        AtomicLong longestSilenceNanos = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Thread producer = Thread.ofPlatform().start(() -> {
            for (int i = 0; !stop.get(); i++) {
                String value = "load-" + i;
                acknowledged.put(value, untilAcknowledged(value));
                long now = System.nanoTime();
                longestSilenceNanos.accumulateAndGet(now - lastAnswerNanos.getAndSet(now), Math::max);
            }
        });
        String leader = leader("n1");
        assertThat(Poll.until(PATIENCE, () -> lastAnswerNanos.get() > 0 && acknowledged.size() > 50))
                .as("load before the kill")
                .isTrue();
        run(0, "kill", leader);
        int before = acknowledged.size();
        assertThat(Poll.until(PATIENCE, () -> acknowledged.size() > before + 50))
                .as("load after the kill")
                .isTrue();
        run(0, "start", leader);
        stop.set(true);
        producer.join();
        System.out.printf(
                "leader killed under load: %d records acknowledged, longest time without an answer %d ms%n",
                acknowledged.size(), TimeUnit.NANOSECONDS.toMillis(longestSilenceNanos.get()));

        for (int node = 1; node <= NODES; node++) {
            Map<Long, String> found = records("n" + node);
            assertThat(found.values()).as("records on n%d", node).doesNotHaveDuplicates();
            acknowledged.forEach((value, offset) -> assertThat(found).containsEntry(offset, value));
            assertThat(found).as("nothing else is there").hasSize(acknowledged.size() + 2);
            assertThat(get("n" + node, "/broker/groups/g?consistency=linearizable"))
                    .contains("\"committed_offset\":1");
        }
    }

    /// As a client does it: on another node after a failure, with the same idempotency key.
    private long untilAcknowledged(String value) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (int attempt = 0; System.nanoTime() < deadline; attempt++) {
            try {
                String answer = post(
                        "n" + (attempt % NODES + 1),
                        "/broker/topics/orders/produce?timeout_ms=2000&idempotency_key=" + value,
                        value);
                Matcher offset = OFFSET.matcher(answer);
                if (answer.startsWith("{\"ok\":true") && offset.find()) {
                    return Long.parseLong(offset.group(1));
                }
            } catch (IOException gone) {
                // the next one
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
        throw new AssertionError("no acknowledgement of " + value + " within " + PATIENCE);
    }

    private Map<Long, String> records(String node) throws IOException, InterruptedException {
        Map<Long, String> records = new LinkedHashMap<>();
        while (true) {
            String page = get(
                    node, "/broker/consume/orders/x/0?limit=10000&consistency=linearizable&offset=" + records.size());
            Matcher message = VALUE.matcher(page);
            int count = 0;
            while (message.find()) {
                records.put(Long.parseLong(message.group(1)), message.group(2));
                count++;
            }
            if (count == 0) {
                return records;
            }
        }
    }

    private String leader(String asked) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String view = get(asked, "/v1/cluster");
            Matcher leader = LEADER.matcher(view);
            if (leader.find()) {
                return leader.group(1);
            }
            assertThat(System.nanoTime()).as("a leader in %s", view).isLessThan(deadline);
        }
    }

    private URI address(String node, String path) {
        int number = Integer.parseInt(node.substring(1));
        return URI.create("http://127.0.0.1:" + (basePort + (number - 1) * PORT_STEP + 1) + path);
    }

    /// Reads, again while the node says that it cannot tell yet (503): elections and joining take a moment.
    private String get(String node, String path) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(address(node, path))
                            .timeout(Duration.ofSeconds(30))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 503 || System.nanoTime() > deadline) {
                assertThat(answer.statusCode())
                        .as("%s on %s: %s", path, node, answer.body())
                        .isEqualTo(200);
                return answer.body();
            }
        }
    }

    /// Writes, again while the answer is that nothing has happened, or that nobody knows: an election takes a moment.
    private String written(String node, String path, String body) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String answer = post(node, path, body);
            if (answer.contains("\"ok\":true") || System.nanoTime() > deadline) {
                return answer;
            }
        }
    }

    private String post(String node, String path, String body) throws IOException, InterruptedException {
        return http.send(
                        HttpRequest.newBuilder(address(node, path))
                                .timeout(Duration.ofSeconds(10))
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /// Runs `./millrace cluster …` on the test's folder.
    ///
    /// @param exitCode that is expected; −1 for any
    /// @return what it printed
    private String run(int exitCode, String... words) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(NodeProcess.ROOT.resolve("millrace").toString(), "cluster"));
        command.addAll(List.of(words));
        command.addAll(List.of("--dir", folder.resolve("cluster").toString()));
        return run(command, exitCode);
    }

    private static String run(List<String> command, int exitCode) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("%s ends", command).isTrue();
        if (exitCode >= 0) {
            assertThat(process.exitValue())
                    .as("%s printed:%n%s", command, printed)
                    .isEqualTo(exitCode);
        }
        return printed;
    }

    /// A port so that it and the ports of the other nodes are free. None that the system gives to connections.
    private static int freeBasePort() throws IOException {
        SplittableRandom random = new SplittableRandom();
        for (int tries = 0; tries < 100; tries++) {
            int base = 10_000 + random.nextInt(PORT_STEP) + PORT_STEP * random.nextInt(18);
            if (areFree(base)) {
                return base;
            }
        }
        throw new IOException("no free ports were found");
    }

    private static boolean areFree(int base) {
        for (int node = 0; node < NODES; node++) {
            for (int port = base + node * PORT_STEP; port <= base + node * PORT_STEP + 1; port++) {
                try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                    assertThat(probe.isBound()).isTrue();
                } catch (IOException taken) {
                    return false;
                }
            }
        }
        return true;
    }
}
