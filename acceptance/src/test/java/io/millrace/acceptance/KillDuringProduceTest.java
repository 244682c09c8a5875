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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `kill -9` while 32 connections produce, again and again on the same data.
///
/// Every acknowledged record must be there once, at the offset that was answered. A record whose answer was
/// lost may be there once or not
/// at all; with an idempotency key it is sent again after the restart, and then it must be there exactly once.
class KillDuringProduceTest {
    private static final int KILLS = Integer.getInteger("millrace.kills", 20);
    private static final int CONNECTIONS = 32;
    private static final int PARTITIONS = 4;
    private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");
    private static final Pattern PARTITION = Pattern.compile("\"partition\":(\\d+)");
    private static final Pattern MESSAGE =
            Pattern.compile("\\{\"offset\":(\\d+),\"partition\":(\\d+),[^}]*?\"value\":\"([^\"]*)\"");
    private static final Pattern NEXT_OFFSET = Pattern.compile("\"next_offset\":(\\d+)");

    private final long seed = Seeds.first(20_261_121);
    private final Map<String, Place> acknowledged = new ConcurrentHashMap<>();
    private final Map<String, Boolean> unknown = new ConcurrentHashMap<>(); // value: whether it has a key

    private record Place(int partition, long offset) {}

    @TempDir
    Path folder;

    @Test
    void everyAcknowledgedRecordIsThereOnceWheneverTheNodeIsKilled() throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        Path data = folder.resolve("data");
        Path log = folder.resolve("node.log");
        long slowestStartMs = 0;
        try (HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(5))
                .build()) {
            for (int round = 0; round < KILLS; round++) {
                NodeProcess node = NodeProcess.start(data, log);
                slowestStartMs = Math.max(slowestStartMs, node.startedInMs());
                if (round == 0) {
                    createTopic(http, node.address());
                }
                retryUnknown(http, node.address());
                produceUntilKilled(http, node, round, 150 + random.nextInt(700));
            }
            try (NodeProcess node = NodeProcess.start(data, log)) {
                retryUnknown(http, node.address());
                check(http, node.address());
                assertThat(node.terminate()).as("exit code after SIGTERM").isZero();
            }
        }
        System.out.printf(
                "%d kills, seed %d: %,d records acknowledged and found, %d of unknown outcome without key, slowest start %d ms%n",
                KILLS, seed, acknowledged.size(), unknown.size(), slowestStartMs);
        assertThat(acknowledged.size())
                .as("the test must have tested something")
                .isGreaterThan(KILLS * 100);
    }

    private static void createTopic(HttpClient http, URI node) throws IOException, InterruptedException {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(node.resolve("/broker/topics"))
                        .POST(HttpRequest.BodyPublishers.ofString(
                                "{\"name\":\"kills\",\"partitions\":" + PARTITIONS + "}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    private void produceUntilKilled(HttpClient http, NodeProcess node, int round, long lifeMs) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        ConcurrentLinkedQueue<Throwable> surprises = new ConcurrentLinkedQueue<>();
        try (ExecutorService connections = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int connection = 0; connection < CONNECTIONS; connection++) {
                String prefix = "r%d-c%d-".formatted(round, connection);
                boolean withKey = connection % 2 == 0;
                connections.submit(() -> {
                    try {
                        for (int i = 0; !stop.get(); i++) {
                            produce(http, node.address(), prefix + i, withKey, stop);
                        }
                    } catch (Throwable surprise) { // the test's own thread must hear of it
                        surprises.add(surprise);
                    }
                });
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(lifeMs));
            node.kill();
            stop.set(true);
        }
        assertThat(surprises).as("seed %d", seed).isEmpty();
    }

    private void produce(HttpClient http, URI node, String value, boolean withKey, AtomicBoolean stop)
            throws InterruptedException {
        unknown.put(value, withKey);
        try {
            HttpResponse<String> answer =
                    http.send(request(node, value, withKey), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 200) {
                acknowledge(value, answer.body());
            } else if (answer.statusCode() != 504) {
                unknown.remove(value); // an error other than 504 says that nothing has happened
                throw new AssertionError("unexpected answer " + answer.statusCode() + ": " + answer.body());
            }
        } catch (IOException killed) {
            stop.set(true); // the outcome stays unknown
        }
    }

    private static HttpRequest request(URI node, String value, boolean withKey) {
        return HttpRequest.newBuilder(node.resolve("/broker/topics/kills/produce"
                        + (withKey ? "?idempotency_key=" + value + "&partition=" + partitionOf(value) : "")))
                .timeout(Duration.ofSeconds(20))
                .POST(HttpRequest.BodyPublishers.ofString(value))
                .build();
    }

    private static int partitionOf(String value) {
        return Math.floorMod(value.hashCode(), PARTITIONS);
    }

    private void acknowledge(String value, String answer) {
        assertThat(answer).contains("\"synced\":true").doesNotContain("duplicate");
        acknowledged.put(value, place(answer));
        unknown.remove(value);
    }

    private static Place place(String answer) {
        return new Place((int) number(PARTITION, answer), number(OFFSET, answer));
    }

    private static long number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    /// Sends what has a key again, twice: the second answer must name the same place.
    private void retryUnknown(HttpClient http, URI node) throws IOException, InterruptedException {
        for (String value : List.copyOf(unknown.keySet())) {
            if (unknown.getOrDefault(value, false)) {
                HttpResponse<String> first =
                        http.send(request(node, value, true), HttpResponse.BodyHandlers.ofString());
                assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
                HttpResponse<String> second =
                        http.send(request(node, value, true), HttpResponse.BodyHandlers.ofString());
                assertThat(second.body()).contains("\"duplicate\":true");
                assertThat(place(second.body())).isEqualTo(place(first.body()));
                acknowledged.put(value, place(first.body()));
                unknown.remove(value);
            }
        }
    }

    private void check(HttpClient http, URI node) throws IOException, InterruptedException {
        Map<String, Place> found = new HashMap<>();
        List<String> twice = new ArrayList<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            long next = 0;
            Set<Long> offsets = new HashSet<>();
            while (true) {
                HttpResponse<String> answer = http.send(
                        HttpRequest.newBuilder(node.resolve(
                                        "/broker/consume/kills/checker/" + partition + "?limit=10000&offset=" + next))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                Matcher messages = MESSAGE.matcher(answer.body());
                int count = 0;
                while (messages.find()) {
                    count++;
                    long offset = Long.parseLong(messages.group(1));
                    assertThat(offsets.add(offset))
                            .as("offset %d is unique", offset)
                            .isTrue();
                    Place place = new Place(Integer.parseInt(messages.group(2)), offset);
                    if (found.put(messages.group(3), place) != null) {
                        twice.add(messages.group(3));
                    }
                }
                assertThat((long) count).isEqualTo(number(Pattern.compile("\"count\":(\\d+)"), answer.body()));
                if (count == 0) {
                    break;
                }
                next = number(NEXT_OFFSET, answer.body());
            }
        }
        assertThat(twice).as("records that are there twice, seed %d", seed).isEmpty();
        for (Map.Entry<String, Place> record : acknowledged.entrySet()) {
            assertThat(found.get(record.getKey()))
                    .as("acknowledged record %s, seed %d", record.getKey(), seed)
                    .isEqualTo(record.getValue());
        }
        Set<String> invented = new HashSet<>(found.keySet());
        invented.removeAll(acknowledged.keySet());
        invented.removeAll(unknown.keySet());
        assertThat(invented).as("records that nobody sent, seed %d", seed).isEmpty();
    }
}
