package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.RecordReader;
import io.millrace.log.disk.SimulatedDisk;
import io.millrace.query.CheckpointFolder;
import io.millrace.query.EngineSettings;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.QueryInfo;
import io.millrace.query.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Persistent queries whose node dies at random appends, before or after they are written: every result is in
/// the output topic once.
class PersistentQueryTest {
    private static final EngineSettings SMALL_STEPS = new EngineSettings(7, 0, 16, Long.MAX_VALUE, 50, 1_000_000, 10);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    /// A query that is kept running, and what must be in its topic.
    ///
    /// @param create the statement
    /// @param answer a query that ends and answers the same, `%s` for the watermark
    private record Kept(String name, String create, String answer) {}

    private static final List<Kept> QUERIES = List.of(
            new Kept("finals", """
                    CREATE STREAM finals WITH (partitions = 3) AS SELECT page, window_start, COUNT(*) AS clicks, SUM(ms) AS ms
                    FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND))
                    GROUP BY page, window_start, window_end EMIT FINAL""", """
                    SELECT page, window_start, clicks, ms FROM (
                      SELECT page, window_start, window_end, COUNT(*) AS clicks, SUM(ms) AS ms
                      FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND))
                      GROUP BY page, window_start, window_end)
                    WHERE window_end <= TIMESTAMP '%s'"""),
            new Kept(
                    "copies",
                    "CREATE STREAM copies WITH (partitions = 3) AS SELECT page FROM clicks WHERE ms < 80",
                    "SELECT page FROM clicks WHERE ms < 80"),
            // a group comes, changes and goes again: upserts and tombstones
            new Kept("pages", """
                    CREATE MATERIALIZED VIEW pages WITH (unbounded = 'allow', partitions = 3) AS
                    SELECT page, COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks GROUP BY page
                    HAVING MOD(SUM(ms), 3) > 0""", """
                    SELECT page, COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks GROUP BY page
                    HAVING MOD(SUM(ms), 3) > 0"""),
            // one row from the first step on, whatever there is
            new Kept("total", """
                    CREATE MATERIALIZED VIEW total WITH (partitions = 3) AS SELECT COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks""", """
                    SELECT COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks"""),
            // no key: rows with weights, equal ones among them, taken back again and again
            new Kept("parities", """
                    CREATE MATERIALIZED VIEW parities WITH (unbounded = 'allow', partitions = 3) AS
                    SELECT MOD(clicks, 3) AS rest FROM (SELECT page, ms, COUNT(*) AS clicks FROM clicks GROUP BY page, ms)""", """
                    SELECT MOD(clicks, 3) AS rest FROM (SELECT page, ms, COUNT(*) AS clicks FROM clicks GROUP BY page, ms)"""));

    static LongStream seeds() {
        return Seeds.from(1, 8);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyResultIsThereOnceHoweverOftenTheNodeDies(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        int crashes = 0;
        try (LocalTopics topics = new LocalTopics(folder)) {
            SimulatedDisk disk = new SimulatedDisk(seed);
            topics.create("clicks", 2);
            topics.limitAppends(100 + random.nextInt(1000)); // many steps are written in parts
            try (QueryEngine engine = open(topics, disk)) {
                Recorder.run(engine, """
                        CREATE STREAM clicks (page VARCHAR, ms BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
                        WITH (topic = 'clicks')""");
                for (Kept kept : QUERIES) {
                    assertThat(Recorder.run(engine, kept.create).failure()).isNull();
                }
            }
            int second = 0;
            for (int round = 0; round < 8; round++) {
                topics.crashAtAppend(1 + random.nextInt(60), random.nextBoolean());
                topics.trouble(random.nextBoolean() ? random.split() : null);
                if (random.nextInt(3) == 0) {
                    disk.crashAtOperation(disk.operations() + random.nextInt(100));
                }
                try (QueryEngine engine = open(topics, disk)) {
                    int until = second + 20;
                    for (; second < until; second++) {
                        topics.write("clicks", random.nextInt(2), click(second, random), click(second, random));
                        if (random.nextInt(4) == 0) { // or else everything is one step
                            LockSupport.parkNanos(random.nextInt(5_000_000));
                        }
                    }
                    // sometimes it is closed in the middle of its recovery
                    if (random.nextInt(3) > 0) {
                        await("crashed or done", () -> failed(engine) || caughtUp(engine));
                    }
                    crashes += failed(engine) ? 1 : 0;
                    if (random.nextBoolean()) {
                        disk.crash(); // no last checkpoint
                    }
                }
                // what was not synced is torn or gone
                disk = new SimulatedDisk(random.nextLong(), disk.imageOfCrash(random.nextLong()));
            }
            topics.crashAtAppend(Integer.MAX_VALUE, false);
            topics.trouble(null);
            try (QueryEngine engine = open(topics, disk)) {
                await("caught up", () -> caughtUp(engine));
                long watermarkMs = engine.query("finals").orElseThrow().watermarkMs();
                for (Kept kept : QUERIES) {
                    String sql = kept.answer.formatted(time(watermarkMs));
                    Map<String, Long> expected = Recorder.run(engine, sql).counted();
                    boolean keyed = kept.name.equals("pages") || kept.name.equals("total");
                    assertThat(keyed ? table(topics, kept.name) : records(topics, kept.name))
                            .as("seed %d, %s", seed, kept.name)
                            .isEqualTo(expected);
                    assertThat(expected).as("seed %d, %s", seed, kept.name).isNotEmpty();
                    assertThat(Recorder.run(engine, "SELECT * FROM " + kept.name)
                                    .counted())
                            .as("seed %d, %s as the engine reads it", seed, kept.name)
                            .isEqualTo(expected);
                }
            }
        }
        assertThat(crashes).as("crashes with seed %d", seed).isPositive();
    }

    private static String time(long ms) {
        return java.time.LocalDateTime.ofInstant(java.time.Instant.ofEpochMilli(ms), java.time.ZoneOffset.UTC)
                .format(java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS"));
    }

    private static String click(int second, SplittableRandom random) {
        return "{\"page\":\"p%d\",\"ms\":%d,\"ts\":\"2001-01-01 00:%02d:%02d\"}"
                .formatted(random.nextInt(4), random.nextInt(100), second / 60, second % 60);
    }

    private static QueryEngine open(LocalTopics topics, SimulatedDisk disk) {
        return QueryEngines.open(
                SMALL_STEPS, topics, topics, topics, new CheckpointFolder(disk, Path.of("/checkpoints"), 0));
    }

    private static boolean failed(QueryEngine engine) {
        return engine.queries().stream().anyMatch(query -> query.failure() != null);
    }

    /// All queries run, and nothing is left to read.
    private static boolean caughtUp(QueryEngine engine) {
        List<QueryInfo> queries = engine.queries();
        return queries.size() == QUERIES.size()
                && queries.stream()
                        .allMatch(query -> query.failure() == null && query.lag() == 0 && query.rowsIn() > 0);
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int stable = 0;
        while (stable < 20) { // a marker of an idle partition may still come, and the last append be under way
            assertThat(System.nanoTime()).as("waited too long until %s", what).isLessThan(deadline);
            stable = condition.getAsBoolean() ? stable + 1 : 0;
            LockSupport.parkNanos(10_000_000);
        }
    }

    /// How often each value is in the topic, weights summed.
    private static Map<String, Long> records(LocalTopics topics, String topic) throws IOException {
        Map<String, Long> found = new TreeMap<>();
        for (String[] record : read(topics, topic)) {
            found.merge(record[1], Long.parseLong(record[2]), Long::sum);
        }
        found.values().removeIf(weight -> weight == 0);
        return found;
    }

    /// The newest value of each key.
    private static Map<String, Long> table(LocalTopics topics, String topic) throws IOException {
        Map<String, String> newest = new TreeMap<>();
        for (String[] record : read(topics, topic)) {
            newest.put(record[0], record[1]);
        }
        Map<String, Long> found = new TreeMap<>();
        newest.values().removeIf(String::isEmpty); // tombstones
        newest.values().forEach(value -> found.merge(value, 1L, Long::sum));
        return found;
    }

    private static List<String[]> read(LocalTopics topics, String topic) throws IOException {
        List<String[]> records = new ArrayList<>();
        int partitions = topics.topic(topic).orElseThrow().partitions();
        for (int partition = 0; partition < partitions; partition++) {
            try (RecordReader reader = topics.open(topic, partition, 0)) {
                while (reader.fill(Long.MAX_VALUE, 1 << 16)) {
                    while (reader.next()) {
                        records.add(new String[] {
                            text(reader, reader.keyStart(), reader.keyLength()),
                            text(reader, reader.valueStart(), reader.valueLength()),
                            reader.headerCount() == 0
                                    ? "1"
                                    : new String(reader.headers().getFirst().value(), StandardCharsets.US_ASCII)
                        });
                    }
                }
            }
        }
        return records;
    }

    private static String text(RecordReader reader, int start, int length) {
        return length < 0 ? "" : new String(reader.bytes(), start, length, StandardCharsets.UTF_8);
    }
}
