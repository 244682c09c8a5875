package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.RecordReader;
import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.QueryInfo;
import io.millrace.query.ResultListener;
import io.millrace.query.RunningStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Persistent queries whose node dies at random appends, before or after they are written: every result is in
/// the output topic once.
class PersistentQueryTest {
    private static final EngineSettings SMALL_STEPS = new EngineSettings(7, 0, 16, Long.MAX_VALUE, 50, 1_000_000);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyResultIsThereOnceHoweverOftenTheNodeDies(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (LocalTopics topics = new LocalTopics(folder)) {
            topics.create("clicks", 2);
            try (QueryEngine engine = open(topics)) {
                run(engine, """
                        CREATE STREAM clicks (page VARCHAR, ms BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
                        WITH (topic = 'clicks')""");
                run(engine, """
                        CREATE STREAM finals AS SELECT page, window_start, COUNT(*) AS clicks, SUM(ms) AS ms
                        FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND))
                        GROUP BY page, window_start, window_end EMIT FINAL""");
                run(
                        engine,
                        "CREATE MATERIALIZED VIEW pages AS "
                                + "SELECT page, COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks GROUP BY page");
            }
            List<String> definitions;
            try (QueryEngine engine = open(topics)) {
                await(() -> engine.queries().size() == 2);
                definitions = engine.queries().stream().map(QueryInfo::sql).toList();
                assertThat(definitions).noneMatch(sql -> sql.matches("(?s).*'key'.*'key'.*"));
            }
            int second = 0;
            for (int round = 0; round < 6; round++) {
                topics.crashAtAppend(1 + random.nextInt(6), random.nextBoolean());
                try (QueryEngine engine = open(topics)) {
                    int until = second + 20;
                    for (; second < until; second++) {
                        topics.write("clicks", random.nextInt(2), click(second, random), click(second, random));
                    }
                    await(() ->
                            engine.queries().stream().anyMatch(query -> query.failure() != null) || caughtUp(engine));
                }
            }
            topics.crashAtAppend(Integer.MAX_VALUE, false);
            try (QueryEngine engine = open(topics)) {
                await(() -> caughtUp(engine));
                assertThat(engine.queries().stream().map(QueryInfo::sql)).isEqualTo(definitions);
                assertThat(settled(engine, """
                                SELECT page, window_start, COUNT(*) AS clicks, SUM(ms) AS ms
                                FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND))
                                GROUP BY page, window_start, window_end EMIT FINAL""")).as("seed %d", seed).isEqualTo(records(topics, "finals"));
                assertThat(table(topics, "pages"))
                        .as("seed %d", seed)
                        .isEqualTo(answer(
                                engine, "SELECT page, COUNT(*) AS clicks, SUM(ms) AS ms FROM clicks GROUP BY page"));
            }
        }
    }

    private static String click(int second, SplittableRandom random) {
        return "{\"page\":\"p%d\",\"ms\":%d,\"ts\":\"2001-01-01 00:%02d:%02d\"}"
                .formatted(random.nextInt(4), random.nextInt(100), second / 60, second % 60);
    }

    private static QueryEngine open(LocalTopics topics) {
        return QueryEngines.open(SMALL_STEPS, topics, topics, topics);
    }

    /// Both queries run, and nothing is left to read for a while.
    private static boolean caughtUp(QueryEngine engine) {
        List<QueryInfo> queries = engine.queries();
        return queries.size() == 2
                && queries.stream()
                        .allMatch(query -> query.failure() == null
                                && query.lag() == 0
                                && !query.frontier().equals(Frontier.EMPTY)
                                && query.rowsIn() > 0);
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        int stable = 0;
        while (stable < 20) { // a marker of an idle partition may still come
            assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
            stable = condition.getAsBoolean() ? stable + 1 : 0;
            LockSupport.parkNanos(10_000_000);
        }
    }

    private static void run(QueryEngine engine, String sql) throws Exception {
        rows(engine, sql);
    }

    private static Map<String, Long> answer(QueryEngine engine, String sql) throws Exception {
        return rows(engine, sql);
    }

    private static Map<String, Long> rows(QueryEngine engine, String sql) throws Exception {
        Collected collected = new Collected();
        engine.execute(engine.parse(sql).getFirst(), Session.create(), collected)
                .done()
                .get();
        return collected.found();
    }

    /// What a query that goes on has said until it has nothing more to say.
    private static Map<String, Long> settled(QueryEngine engine, String sql) throws Exception {
        Collected collected = new Collected();
        RunningStatement statement = engine.execute(engine.parse(sql).getFirst(), Session.create(), collected);
        List<Map<String, Long>> last = new ArrayList<>(List.of(Map.of()));
        await(() -> {
            Map<String, Long> now = collected.found();
            boolean same = !now.isEmpty() && now.equals(last.getFirst());
            last.set(0, now);
            return same;
        });
        statement.cancel();
        statement.done().get();
        return collected.found();
    }

    private static final class Collected implements ResultListener {
        private final Map<String, Long> found = new TreeMap<>();
        private @Nullable SqlException failure;

        synchronized Map<String, Long> found() {
            if (failure != null) {
                throw failure;
            }
            return new TreeMap<>(found);
        }

        @Override
        public void columns(Schema columns, List<String> notices) {}

        @Override
        public synchronized void rows(Batch rows) {
            RowEncoder encoder = new RowEncoder(rows.schema());
            for (int row = 0; row < rows.count(); row++) {
                encoder.value(rows, row);
                found.merge(
                        new String(encoder.bytes(), 0, encoder.length(), StandardCharsets.UTF_8),
                        rows.weight(row),
                        Long::sum);
            }
        }

        @Override
        public void changes(Batch changes, Frontier frontier, long watermarkMs) {
            rows(changes);
        }

        @Override
        public void progress(Frontier frontier, long watermarkMs) {}

        @Override
        public void complete(Frontier frontier, String message) {}

        @Override
        public synchronized void failed(SqlException cause) {
            failure = cause;
        }
    }

    /// How often each value is in the topic.
    private static Map<String, Long> records(LocalTopics topics, String topic) throws IOException {
        Map<String, Long> found = new TreeMap<>();
        for (String[] record : read(topics, topic)) {
            found.merge(String.valueOf(record[1]), 1L, Long::sum);
        }
        return found;
    }

    /// The newest value of each key.
    private static Map<String, Long> table(LocalTopics topics, String topic) throws IOException {
        Map<String, String> newest = new TreeMap<>();
        for (String[] record : read(topics, topic)) {
            newest.put(record[0], record[1]);
        }
        Map<String, Long> found = new TreeMap<>();
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
                            text(reader, reader.valueStart(), reader.valueLength())
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
