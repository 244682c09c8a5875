package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.EngineSettings;
import io.millrace.query.Frontier;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.query.RunningStatement;
import io.millrace.query.Session;
import io.millrace.query.SqlException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Queries that end, through the engine: order, limits, where they stop and what they refuse.
class EndingTaskTest {
    private static final int RESULT_ROWS_MAX = 100;
    private static final EngineSettings SETTINGS = new EngineSettings(10, 0, 16, Long.MAX_VALUE, 1000, RESULT_ROWS_MAX);

    @TempDir
    Path folder;

    private LocalTopics topics;
    private QueryEngine engine;

    @BeforeEach
    void open() throws Exception {
        topics = new LocalTopics(folder);
        topics.create("t", 1);
        engine = QueryEngines.open(SETTINGS, topics, topics, topics);
        Recorder.run(engine, "CREATE STREAM t (id BIGINT, v BIGINT) WITH (topic = 't')");
    }

    @AfterEach
    void close() throws Exception {
        engine.close();
        topics.close();
    }

    /// Rows `(id, v)` with ids from `first` on and `v = 7 * id mod 10`.
    private void write(int first, int count) throws Exception {
        List<String> values = new ArrayList<>();
        for (int id = first; id < first + count; id++) {
            values.add("{\"id\":%d,\"v\":%d}".formatted(id, 7 * id % 10));
        }
        topics.write("t", 0, values.toArray(String[]::new));
    }

    private List<String> rows(String sql) throws Exception {
        return rows(Recorder.run(engine, sql));
    }

    private static List<String> rows(Recorder recorder) {
        SqlException failure = recorder.failure();
        if (failure != null) {
            throw failure;
        }
        assertThat(recorder.ends()).isEqualTo(1);
        return recorder.rows();
    }

    private static Session session(@Nullable Frontier waitFor) {
        return new Session(List.of(), new HashMap<>(), waitFor, null);
    }

    @Test
    void anAnswerCanBeOrderedByColumnsThatAreNotSelected() throws Exception {
        write(0, 10);
        Recorder recorder = Recorder.run(engine, "SELECT id FROM t ORDER BY v DESC LIMIT 3");
        assertThat(recorder.columns()).containsExactly("id");
        // v = 9, 8, 7
        assertThat(rows(recorder)).containsExactly("{\"id\":7}", "{\"id\":4}", "{\"id\":1}");
        assertThat(rows("SELECT id FROM t ORDER BY -v, id"))
                .startsWith("{\"id\":7}", "{\"id\":4}")
                .hasSize(10);
    }

    @Test
    void equalRowsAreAllDeliveredAndCountedByLimitAndOffset() throws Exception {
        write(0, 20); // each v twice
        assertThat(rows("SELECT v FROM t ORDER BY v LIMIT 3 OFFSET 1"))
                .containsExactly("{\"v\":0}", "{\"v\":1}", "{\"v\":1}");
        assertThat(rows("SELECT v FROM t ORDER BY v OFFSET 19 ROWS")).containsExactly("{\"v\":9}");
        assertThat(rows("SELECT v FROM t ORDER BY v OFFSET 20 ROWS")).isEmpty();
        assertThat(rows("SELECT v FROM t LIMIT 0")).isEmpty();
        assertThat(rows("SELECT 1 AS n1 FROM t LIMIT 5")).hasSize(5).containsOnly("{\"n1\":1}");
    }

    @Test
    void aLimitWithoutOrderStopsReadingOnceItIsReached() throws Exception {
        write(0, 500); // more than the result limit, and fifty steps
        Recorder recorder = Recorder.run(engine, "SELECT id FROM t LIMIT 4 OFFSET 3");
        assertThat(rows(recorder)).hasSize(4);
        Frontier read = recorder.completed();
        assertThat(read.offset("t", 0)).isLessThanOrEqualTo(2 * SETTINGS.stepRowsMax());
        // with equal rows: enough copies are enough
        Recorder equal = Recorder.run(engine, "SELECT 1 AS n1 FROM t LIMIT 4");
        assertThat(rows(equal)).hasSize(4);
        assertThat(equal.completed().offset("t", 0)).isLessThanOrEqualTo(2 * SETTINGS.stepRowsMax());
        // what may be taken back has to be read to the end
        Recorder grouped = Recorder.run(engine, "SELECT v, COUNT(*) AS n FROM t GROUP BY v LIMIT 4");
        assertThat(rows(grouped)).hasSize(4).allMatch(row -> row.contains("\"n\":50"));
    }

    @Test
    void asOfAFrontierAnswersAsItWasThere() throws Exception {
        write(0, 30);
        for (int offset : new int[] {0, 1, 9, 10, 11, 29, 30}) {
            Recorder recorder =
                    Recorder.run(engine, "SELECT COUNT(*) AS n FROM t AS OF FRONTIER '{\"t\":[" + offset + "]}'");
            assertThat(rows(recorder)).containsExactly("{\"n\":" + offset + "}");
            assertThat(recorder.completed()).isEqualTo(Plans.at("t", offset));
        }
    }

    @Test
    void aQueryWaitsForWhatItsClientWantsToSee() throws Exception {
        write(0, 5);
        Recorder recorder = new Recorder();
        RunningStatement statement =
                Recorder.start(engine, "SELECT COUNT(*) AS n FROM t", session(Plans.at("t", 8)), recorder);
        write(5, 2);
        assertThat(statement.done()).isNotDone();
        write(7, 1);
        statement.done().get(10, TimeUnit.SECONDS);
        assertThat(rows(recorder)).containsExactly("{\"n\":8}");
    }

    @Test
    void aQueryThatWaitsCanBeCancelled() throws Exception {
        Recorder recorder = new Recorder();
        RunningStatement statement =
                Recorder.start(engine, "SELECT COUNT(*) AS n FROM t", session(Plans.at("t", 8)), recorder);
        statement.cancel();
        statement.done().get(10, TimeUnit.SECONDS);
        assertThat(recorder.code()).isEqualTo("query_cancelled");
        assertThat(recorder.ends()).isEqualTo(1);
        assertThat(engine.queries()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"99, false", "100, false", "101, true"})
    void anAnswerLargerThanTheLimitIsRefused(int count, boolean refused) throws Exception {
        write(0, count);
        for (String sql : List.of("SELECT id FROM t", "SELECT id FROM t ORDER BY v")) {
            Recorder recorder = Recorder.run(engine, sql);
            if (refused) {
                assertThat(recorder.code()).as(sql).isEqualTo("result_too_large");
                assertThat(recorder.rows()).isEmpty();
            } else {
                assertThat(rows(recorder)).as(sql).hasSize(count);
            }
        }
        assertThat(rows("SELECT COUNT(*) AS n FROM t")).containsExactly("{\"n\":" + count + "}");
    }

    @Test
    void theFirstRowsOfALongHistoryNeedNoRoomForAllOfIt() throws Exception {
        EngineSettings wide = new EngineSettings(32_768, 0, 16, Long.MAX_VALUE, 1000, 70_000);
        for (int first = 0; first < 150_000; first += 1000) {
            write(first, 1000);
        }
        try (QueryEngine small = QueryEngines.open(wide, topics, topics, topics)) {
            assertThat(rows(Recorder.run(small, "SELECT id FROM t ORDER BY id DESC LIMIT 2 OFFSET 1")))
                    .containsExactly("{\"id\":149998}", "{\"id\":149997}");
            // equal keys: the order of arrival
            assertThat(rows(Recorder.run(small, "SELECT id FROM t ORDER BY v LIMIT 3")))
                    .containsExactly("{\"id\":0}", "{\"id\":10}", "{\"id\":20}");
        }
    }

    @Test
    void anEmptyTopicHasNoRowsAndOneGlobalAggregate() throws Exception {
        assertThat(rows("SELECT * FROM t")).isEmpty();
        assertThat(rows("SELECT v, COUNT(*) AS n FROM t GROUP BY v")).isEmpty();
        assertThat(rows("SELECT COUNT(*) AS n, SUM(v) AS s FROM t")).containsExactly("{\"n\":0,\"s\":null}");
        write(0, 3);
        assertThat(rows("SELECT COUNT(*) AS n, SUM(v) AS s FROM t WHERE id > 10"))
                .containsExactly("{\"n\":0,\"s\":null}");
        assertThat(rows("SELECT 1 + 1 AS two")).containsExactly("{\"two\":2}");
    }

    @Test
    void aRowThatCannotBeEvaluatedEndsTheQuery() throws Exception {
        write(0, 3);
        Recorder recorder = Recorder.run(engine, "SELECT 10 / id AS q FROM t");
        assertThat(recorder.code()).isEqualTo("evaluation_failed");
        assertThat(recorder.ends()).isEqualTo(1);
    }

    @Test
    void aStatementThatIsOverIsForgotten() throws Exception {
        write(0, 3);
        for (int i = 0; i < 3 * SETTINGS.queriesMax(); i++) {
            rows("SELECT COUNT(*) AS n FROM t");
            Recorder.run(engine, "SELECT 10 / id AS q FROM t");
        }
        assertThat(engine.queries()).isEmpty();
    }

    @Test
    void asManyStatementsAsAllowedRunAtOnceAndNotOneMore() throws Exception {
        Map<String, RunningStatement> running = new HashMap<>();
        for (int i = 0; i < SETTINGS.queriesMax(); i++) {
            RunningStatement statement =
                    Recorder.start(engine, "SELECT id FROM t EMIT CHANGES", Session.create(), new Recorder());
            running.put(statement.id(), statement);
        }
        assertThat(running).hasSize(SETTINGS.queriesMax());
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> rows("SELECT id FROM t"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        failure -> assertThat(failure.code()).isEqualTo("too_many_queries"));
        RunningStatement one = running.values().iterator().next();
        one.cancel();
        one.done().get(10, TimeUnit.SECONDS);
        assertThat(rows("SELECT id FROM t")).isEmpty();
    }
}
