package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.query.EngineSettings;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// VERIFY QUERY says "equal" of what the engine wrote, and "different" as soon as somebody else has touched it.
class VerifyQueryTest {
    private static final EngineSettings SMALL_STEPS = new EngineSettings(7, 0, 16, Long.MAX_VALUE, 50, 1_000_000);

    @TempDir
    Path folder;

    private static final String[] CREATE = {
        """
        CREATE STREAM clicks (page VARCHAR, ms BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
        WITH (topic = 'clicks')""",
        "CREATE MATERIALIZED VIEW pages WITH (partitions = 3) AS SELECT page, COUNT(*) AS n, SUM(ms) AS ms FROM clicks GROUP BY page",
        "CREATE MATERIALIZED VIEW rests WITH (partitions = 2) AS SELECT MOD(n, 3) AS rest FROM"
                + " (SELECT page, COUNT(*) AS n FROM clicks GROUP BY page)",
        "CREATE STREAM quotients WITH (partitions = 2) AS SELECT page, 1000 / ms AS q FROM clicks",
        """
        CREATE STREAM finals WITH (partitions = 2) AS SELECT page, window_start, COUNT(*) AS n
        FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY page, window_start, window_end EMIT FINAL"""
    };

    @Test
    void whatTheEngineWroteIsEqualAlsoWhileItWrites() throws Exception {
        try (LocalTopics topics = new LocalTopics(folder);
                QueryEngine engine = QueryEngines.open(SMALL_STEPS, topics, topics, topics)) {
            topics.create("clicks", 2);
            for (String create : CREATE) {
                assertThat(Recorder.run(engine, create).failure()).isNull();
            }
            SplittableRandom random = new SplittableRandom(7);
            for (int second = 0; second < 60; second++) {
                topics.write("clicks", random.nextInt(2), click(second, random), click(second, random));
                if (second % 20 == 10) {
                    verify(engine, "pages", "equal");
                }
            }
            for (String query : new String[] {"pages", "rests", "quotients", "finals"}) {
                Recorder.await(
                        query + " has caught up",
                        () -> engine.query(query).orElseThrow().lag() == 0);
                assertThat(verify(engine, query, "equal")).as(query).doesNotContain("\"rows\":0,");
            }
        }
    }

    @Test
    void aRowOfSomebodyElseIsFound() throws Exception {
        try (LocalTopics topics = new LocalTopics(folder);
                QueryEngine engine = QueryEngines.open(SMALL_STEPS, topics, topics, topics)) {
            topics.create("clicks", 1);
            for (String create : CREATE) {
                assertThat(Recorder.run(engine, create).failure()).isNull();
            }
            topics.write("clicks", 0, "{\"page\":\"a\",\"ms\":10,\"ts\":\"2001-01-01 00:00:00\"}");
            Recorder.await(
                    "written", () -> engine.query("quotients").orElseThrow().lag() == 0);
            verify(engine, "quotients", "equal");
            topics.write("quotients", 1, "{\"page\":\"b\",\"q\":4}");
            assertThat(verify(engine, "quotients", "different"))
                    .contains("\"missing\":0,\"unexpected\":1", "\"example\":\"unexpected {");
            assertThatThrownBy(() -> Recorder.run(engine, "VERIFY QUERY nothing"))
                    .hasMessageContaining("does not exist");
        }
    }

    private static String verify(QueryEngine engine, String query, String verdict) throws Exception {
        Recorder recorder = Recorder.run(engine, "VERIFY QUERY " + query);
        assertThat(recorder.failure()).as(query).isNull();
        String row = String.valueOf(recorder.counted());
        assertThat(row).as(query).contains(verdict);
        return row;
    }

    private static String click(int second, SplittableRandom random) {
        return "{\"page\":\"p%d\",\"ms\":%d,\"ts\":\"2001-01-01 00:%02d:%02d\"}"
                .formatted(random.nextInt(4), random.nextInt(20), second / 60, second % 60);
    }
}
