package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` while persistent queries run and write checkpoints, again and again on the same data: what is in
/// their topics is what one gets by counting the input's records.
class KillDuringQueriesTest {
    private static final int KILLS = Integer.getInteger("millrace.query-kills", 8);
    private static final int PARTITIONS = 2;
    private static final Pattern NEXT_OFFSET = Pattern.compile("\"next_offset\":(\\d+)");
    private static final Pattern PAGE = Pattern.compile("\"page\":\"(p\\d+)\"");
    private static final Pattern CLICKS = Pattern.compile("\"clicks\":(\\d+)");

    private final long seed = Seeds.first(20_261_121);

    @TempDir
    Path folder;

    @Test
    void everyResultIsThereOnceWheneverTheNodeIsKilled() throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = folder.resolve("data");
        Path log = folder.resolve("node.log");
        try (HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(5))
                .build()) {
            for (int round = 0; round < KILLS; round++) {
                NodeProcess node = start(data, log);
                if (round == 0) {
                    define(http, node.address());
                }
                long until = System.nanoTime() + (300 + random.nextInt(1200)) * 1_000_000L;
                while (System.nanoTime() < until) {
                    produce(http, node.address(), random);
                    LockSupport.parkNanos(random.nextInt(10_000_000));
                }
                node.kill();
            }
            try (NodeProcess node = start(data, log)) {
                check(http, node.address());
                assertThat(node.terminate()).as("exit code after SIGTERM").isZero();
            }
        }
    }

    private static NodeProcess start(Path data, Path log) throws IOException {
        return NodeProcess.start(data, log, "--queries.checkpoint-ms", "100");
    }

    private static void define(HttpClient http, URI node) throws Exception {
        sql(
                http,
                node,
                "CREATE STREAM clicks (page VARCHAR) WITH (partitions = 2);"
                        + " CREATE STREAM copies WITH (partitions = 2) AS SELECT page FROM clicks;"
                        + " CREATE MATERIALIZED VIEW pages WITH (unbounded = 'allow', partitions = 2) AS"
                        + " SELECT page, COUNT(*) AS clicks FROM clicks GROUP BY page");
    }

    private static void sql(HttpClient http, URI node, String text) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(node.resolve("/v1/sql"))
                        .timeout(Duration.ofSeconds(60))
                        .POST(HttpRequest.BodyPublishers.ofString(text))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).doesNotContain("\"ok\":false");
    }

    private static void produce(HttpClient http, URI node, SplittableRandom random) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            lines.append("{\"page\":\"p").append(random.nextInt(20)).append("\"}\n");
        }
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(node.resolve(
                                "/broker/topics/clicks/produce-ndjson?partition=" + random.nextInt(PARTITIONS)))
                        .timeout(Duration.ofSeconds(20))
                        .POST(HttpRequest.BodyPublishers.ofString(lines.toString()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    /// Waits until topics hold what the input says, and tells what they hold when they do not.
    private void check(HttpClient http, URI node) throws Exception {
        Map<String, Long> expected = new TreeMap<>();
        for (Found click : read(http, node, "clicks")) {
            expected.merge(click.page(), 1L, Long::sum);
        }
        long clicks = expected.values().stream().mapToLong(Long::longValue).sum();
        assertThat(clicks).as("the test must have tested something").isGreaterThan(KILLS * 50L);
        Poll.until(
                Duration.ofSeconds(120),
                () -> copies(http, node).equals(expected) && pages(http, node).equals(expected));
        assertThat(copies(http, node)).as("the stream's records, seed %d", seed).isEqualTo(expected);
        assertThat(pages(http, node)).as("the view's rows, seed %d", seed).isEqualTo(expected);
    }

    private record Found(String page, long clicks) {}

    private static Map<String, Long> copies(HttpClient http, URI node) {
        Map<String, Long> counted = new TreeMap<>();
        read(http, node, "copies").forEach(copy -> counted.merge(copy.page(), 1L, Long::sum));
        return counted;
    }

    /// The newest record of each key.
    private static Map<String, Long> pages(HttpClient http, URI node) {
        Map<String, Long> newest = new TreeMap<>();
        read(http, node, "pages").forEach(row -> newest.put(row.page(), row.clicks()));
        return newest;
    }

    private static List<Found> read(HttpClient http, URI node, String topic) {
        List<Found> values = new ArrayList<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            long next = 0;
            while (true) {
                String answer = consume(http, node, topic, partition, next);
                Matcher page = PAGE.matcher(answer.replace("\\\"", "\""));
                Matcher clicks = CLICKS.matcher(answer.replace("\\\"", "\""));
                int count = 0;
                while (page.find()) {
                    count++;
                    values.add(new Found(
                            page.group(1),
                            topic.equals("pages") && clicks.find() ? Long.parseLong(clicks.group(1)) : 1));
                }
                if (count == 0) {
                    break;
                }
                Matcher offset = NEXT_OFFSET.matcher(answer);
                assertThat(offset.find()).as(answer).isTrue();
                next = Long.parseLong(offset.group(1));
            }
        }
        return values;
    }

    private static String consume(HttpClient http, URI node, String topic, int partition, long offset) {
        try {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(node.resolve("/broker/consume/%s/checker/%d?limit=10000&offset=%d"
                                    .formatted(topic, partition, offset)))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            return answer.body();
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError("the node does not answer", failure);
        }
    }
}
