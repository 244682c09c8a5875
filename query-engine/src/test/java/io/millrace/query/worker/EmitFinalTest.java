package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.query.SqlException;
import io.millrace.query.data.Batch;
import io.millrace.query.sql.PlannedStatement;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What EMIT FINAL accepts and emits where parts of the query are constant, or are proven empty.
class EmitFinalTest {
    private static final String COLUMNS =
            "(k BIGINT, g VARCHAR, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)";
    private static final String WINDOWS_OF_A = "TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND))";
    private static final String WINDOWS_OF_B = "TABLE(TUMBLE(TABLE b, DESCRIPTOR(ts), INTERVAL '10' SECOND))";
    private static final String COUNTS_OF_A =
            "SELECT window_end, COUNT(*) AS n FROM " + WINDOWS_OF_A + " GROUP BY window_start, window_end";
    /// What holds for no row, and can be known before it runs.
    private static final List<String> CONTRADICTIONS = List.of(
            "1 = 0",
            "g = 'red' AND g IS DISTINCT FROM 'red'",
            "k = 1 AND k = 2",
            "k > 3 AND k < 2",
            "g IS NULL AND g = 'red'",
            "ts IS NULL AND ts > TIMESTAMP '2001-01-01 00:00:00'");

    @TempDir
    Path folder;

    private LocalTopics topics;
    private Plans plans;

    /// Rows of `a` at seconds 0 to 29 and of `b` at 0 to 39, the last watermarks 24 s and 34 s.
    @BeforeEach
    void open() throws Exception {
        topics = new LocalTopics(folder);
        plans = new Plans(topics);
        for (String stream : List.of("a", "b")) {
            topics.create(stream, 1);
            plans.declare("CREATE STREAM " + stream + " " + COLUMNS + " WITH (topic = '" + stream + "')");
            for (int second = 0; second < (stream.equals("a") ? 30 : 40); second++) {
                topics.write(
                        stream,
                        0,
                        "{\"k\":%d,\"g\":\"%s\",\"ts\":\"2001-01-01 00:00:%02d\"}"
                                .formatted(second % 3, second % 2 == 0 ? "red" : "blue", second));
            }
        }
        plans.declare("CREATE STREAM plain (k BIGINT, g VARCHAR) WITH (topic = 'a')");
    }

    @AfterEach
    void close() throws Exception {
        topics.close();
    }

    /// The sum of the changes after everything was read, in steps of 7 rows.
    private Map<String, Long> answer(String sql) throws Exception {
        PlannedStatement.Query query = plans.query(sql);
        Execution execution = plans.execute(query);
        Integral sum = new Integral(query.plan().schema());
        do {
            sum.add(execution.step(execution.end(), 7));
        } while (!execution.frontier().includes(execution.end()));
        execution.close();
        return text(sum.rows());
    }

    private Map<String, Long> afterTheFirstRow(String sql) throws Exception {
        PlannedStatement.Query query = plans.query(sql);
        Execution execution = plans.execute(query);
        Map<String, Long> first = text(execution.step(execution.end(), 1));
        execution.close();
        return first;
    }

    private static Map<String, Long> text(Batch rows) {
        Map<String, Long> text = new TreeMap<>();
        for (int row = 0; row < rows.count(); row++) {
            List<String> values = new ArrayList<>();
            for (int column = 0; column < rows.schema().size(); column++) {
                values.add(
                        switch (rows.column(column).objectAt(row)) {
                            case null -> "NULL";
                            case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
                            case Long number
                            when number > 900_000_000_000L ->
                                Instant.ofEpochMilli(number).toString().substring(17, 19) + "s";
                            case Object other -> other.toString();
                        });
            }
            text.merge(String.join(" ", values), rows.weight(row), Long::sum);
        }
        text.values().removeIf(weight -> weight == 0);
        return text;
    }

    private static Map<String, Long> once(String... rows) {
        Map<String, Long> once = new TreeMap<>();
        for (String row : rows) {
            once.put(row, 1L);
        }
        return once;
    }

    @Test
    void aResultThatIsProvenEmptyIsFinal() throws Exception {
        // what RandomQueryTest found with seed 10838158
        assertThat(answer("""
                SELECT k, window_start, window_end, COUNT(*) AS n, MIN(ts) FILTER (WHERE ts IS NOT NULL) AS first_ts
                FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '25' SECOND)) q
                WHERE g = 'red' AND g IS DISTINCT FROM 'red'
                GROUP BY k, window_start, window_end HAVING COUNT(*) > 1 EMIT FINAL""")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT ts, k FROM a WHERE %s",
                "SELECT DISTINCT ts FROM a WHERE %s",
                "SELECT window_end, k, COUNT(*) FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s GROUP BY window_end, k",
                "SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s GROUP BY window_end, window_start",
                "SELECT window_end, k FROM TABLE(HOP(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE %s GROUP BY window_end, k",
                "SELECT window_end, k FROM TABLE(CUMULATE(TABLE a, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE %s GROUP BY window_end, k",
                "SELECT window_end, k, COUNT(*) FROM TABLE(SESSION(TABLE a PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s GROUP BY window_end, k",
                "SELECT window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s GROUP BY GROUPING SETS ((window_end), (window_end, k))",
                "SELECT window_end, k FROM (SELECT window_end, k, ROW_NUMBER() OVER (PARTITION BY window_end ORDER BY ts) AS place FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s) WHERE place <= 1",
                "SELECT l.window_end, r.k FROM (SELECT window_end, k FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s) l JOIN TABLE(TUMBLE(TABLE b, DESCRIPTOR(ts), INTERVAL '10' SECOND)) r ON l.window_end = r.window_end",
                "SELECT l.window_end, r.k FROM (SELECT window_end, k FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(ts), INTERVAL '10' SECOND)) WHERE %s) l LEFT JOIN TABLE(TUMBLE(TABLE b, DESCRIPTOR(ts), INTERVAL '10' SECOND)) r ON l.window_end = r.window_end",
                "SELECT l.ts, r.k FROM (SELECT * FROM a WHERE %s) l JOIN b r ON l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL '5' SECOND AND r.ts",
                "SELECT ts FROM a WHERE %s INTERSECT SELECT ts FROM b",
                "SELECT ts FROM a WHERE %s EXCEPT SELECT ts FROM b"
            })
    void whateverIsProvenEmptyIsAcceptedAndEmpty(String sql) throws Exception {
        plans.query(sql.formatted("k = 1") + " EMIT FINAL"); // it is right without a proof
        for (String contradiction : CONTRADICTIONS) {
            assertThat(answer(sql.formatted(contradiction) + " EMIT FINAL"))
                    .as(contradiction)
                    .isEmpty();
        }
    }

    @Test
    void anEmptyPartLeavesTheOthersAsTheyAre() throws Exception {
        Map<String, Long> counts = answer(COUNTS_OF_A + " EMIT FINAL");
        assertThat(counts).isEqualTo(once("10s 10", "20s 10"));
        for (String contradiction : CONTRADICTIONS) {
            String empty = "SELECT window_end, COUNT(*) AS n FROM " + WINDOWS_OF_B + " WHERE " + contradiction
                    + " GROUP BY window_start, window_end";
            for (String sql : List.of(
                    COUNTS_OF_A + " UNION ALL " + empty,
                    empty + " UNION ALL " + COUNTS_OF_A,
                    COUNTS_OF_A + " UNION ALL " + empty + " UNION ALL " + empty,
                    COUNTS_OF_A + " UNION " + empty,
                    COUNTS_OF_A + " EXCEPT " + empty,
                    "SELECT window_end, n + 0 AS n FROM (" + COUNTS_OF_A + " UNION ALL " + empty + ")",
                    "SELECT l.window_end, l.n FROM (" + COUNTS_OF_A + ") l LEFT JOIN (" + empty
                            + ") r ON l.window_end = r.window_end",
                    "SELECT r.window_end, r.n FROM (" + empty + ") l RIGHT JOIN (" + COUNTS_OF_A
                            + ") r ON l.window_end = r.window_end",
                    "SELECT l.window_end, l.n FROM (" + COUNTS_OF_A + ") l LEFT JOIN (" + empty + ") r ON l.n = r.n",
                    "SELECT window_end, n FROM (" + COUNTS_OF_A + ") WHERE n NOT IN (SELECT k FROM b WHERE "
                            + contradiction + ")",
                    "SELECT window_end, n FROM (" + COUNTS_OF_A + ") q WHERE NOT EXISTS (SELECT 1 FROM b WHERE "
                            + contradiction + " AND b.k = q.n)")) {
                assertThat(answer(sql + " EMIT FINAL")).as(sql).isEqualTo(counts);
            }
        }
    }

    @Test
    void aTimeColumnThatCanHaveOneValueOnlyStillSaysWhenRowsAreFinal() throws Exception {
        String twenty = "TIMESTAMP '2001-01-01 00:00:20'";
        String thirty = "TIMESTAMP '2001-01-01 00:00:30'";
        String one = "SELECT window_start, window_end, COUNT(*) AS n FROM " + WINDOWS_OF_A
                + " WHERE window_end = %s GROUP BY window_start, window_end EMIT FINAL";
        assertThat(answer(one.formatted(twenty))).isEqualTo(once("10s 20s 10"));
        assertThat(answer(one.formatted(thirty))).isEmpty(); // the watermark is at 24 s
        String row = "SELECT ts, k FROM a WHERE ts = %s EMIT FINAL";
        assertThat(answer(row.formatted(twenty))).isEqualTo(once("20s 2"));
        assertThat(answer(row.formatted("TIMESTAMP '2001-01-01 00:00:24'"))).isEmpty();
        assertThat(answer("SELECT ts, k FROM a WHERE ts IS NULL EMIT FINAL")).isEmpty();
        assertThat(answer("SELECT DISTINCT ts FROM a WHERE ts = " + twenty + " EMIT FINAL"))
                .isEqualTo(once("20s"));
        assertThat(answer("SELECT window_end, COUNT(*) FROM " + WINDOWS_OF_A + " WHERE window_end IN (" + twenty + ", "
                        + thirty + ") GROUP BY window_end EMIT FINAL"))
                .isEqualTo(once("20s 10"));
    }

    @Test
    void constantRowsAreFinalAtOnce() throws Exception {
        assertThat(answer("SELECT 1 AS n, 'x' AS t EMIT FINAL")).isEqualTo(once("1 x"));
        assertThat(answer("SELECT * FROM (VALUES (1, 'x'), (2, NULL)) EMIT FINAL"))
                .isEqualTo(once("1 x", "2 NULL"));
        assertThat(answer("SELECT COUNT(*) AS n FROM plain WHERE g = 'red' AND g <> 'red' EMIT FINAL"))
                .isEqualTo(once("0"));
        assertThat(answer("SELECT g, COUNT(*) AS n FROM plain WHERE g = 'red' AND g <> 'red' GROUP BY g EMIT FINAL"))
                .isEmpty();
    }

    @Test
    void constantRowsDoNotWaitForTheOthers() throws Exception {
        String late = "SELECT TIMESTAMP '2001-01-01 00:00:59' AS window_end, 7 AS n";
        for (String sql : List.of(
                COUNTS_OF_A + " UNION ALL " + late,
                "SELECT window_end, n + 0 AS n FROM (" + COUNTS_OF_A + " UNION ALL " + late + ")")) {
            assertThat(afterTheFirstRow(sql + " EMIT FINAL")).as(sql).isEqualTo(once("59s 7"));
            assertThat(answer(sql + " EMIT FINAL")).as(sql).isEqualTo(once("10s 10", "20s 10", "59s 7"));
        }
    }

    @Test
    void rowsOfTheOtherSideWaitForNothingThatIsConstant() throws Exception {
        // the rows of the constant side are all there, so a row of a is final by its own time
        String names = "(VALUES (0, 'zero'), (1, 'one')) AS names (k, name)";
        Map<String, Long> joined =
                answer("SELECT ts, name FROM a JOIN " + names + " ON a.k = names.k WHERE g = 'red' EMIT FINAL");
        // even seconds below 24, without those that are 2 mod 3
        assertThat(joined)
                .isEqualTo(once(
                        "00s zero", "04s one", "06s zero", "10s one", "12s zero", "16s one", "18s zero", "22s one"));
        assertThat(answer("SELECT ts, name FROM a LEFT JOIN " + names + " ON a.k = names.k EMIT FINAL"))
                .hasSize(24)
                .containsKey("02s NULL");
        assertThat(answer("SELECT ts, name FROM " + names + " RIGHT JOIN a ON a.k = names.k EMIT FINAL"))
                .hasSize(24)
                .containsKey("02s NULL");
    }

    @Test
    void rowsWithoutAMatchAreFinalByTheTimeThatTheyHave() throws Exception {
        // windows of a end at 10 to 30 s, those of b at 20 to 40 s, both watermarks have passed 20 s
        String from = "(" + COUNTS_OF_A + ") l %s JOIN (SELECT window_end, COUNT(*) AS n FROM " + WINDOWS_OF_B
                + " WHERE ts >= TIMESTAMP '2001-01-01 00:00:15' GROUP BY window_start, window_end) r"
                + " ON l.window_end = r.window_end EMIT FINAL";
        String fromRight = "(SELECT window_end, COUNT(*) AS n FROM " + WINDOWS_OF_B
                + " WHERE ts >= TIMESTAMP '2001-01-01 00:00:15' GROUP BY window_start, window_end) l %s JOIN ("
                + COUNTS_OF_A + ") r ON l.window_end = r.window_end EMIT FINAL";
        for (String columns : List.of(
                "l.window_end, r.window_end",
                "r.window_end, l.window_end",
                "COALESCE(l.window_end, r.window_end) AS e, r.window_end AS r",
                "l.window_end",
                "r.window_end",
                "l.n AS l_n, r.n AS r_n")) {
            assertThat(answer("SELECT " + columns + " FROM " + from.formatted("LEFT"))
                            .values())
                    .as("%s", columns)
                    .containsExactly(1L, 1L);
            assertThat(answer("SELECT " + columns + " FROM " + fromRight.formatted("RIGHT"))
                            .values())
                    .as("%s", columns)
                    .containsExactly(1L, 1L);
            assertThat(answer("SELECT " + columns + " FROM " + from.formatted("FULL"))
                            .values())
                    .as("%s", columns)
                    .containsExactly(1L, 1L);
            assertThat(answer("SELECT " + columns + " FROM " + fromRight.formatted("FULL"))
                            .values())
                    .as("%s", columns)
                    .containsExactly(1L, 1L);
        }
        assertThat(answer("SELECT l.window_end, r.window_end FROM " + from.formatted("FULL")))
                .isEqualTo(once("10s NULL", "20s 20s"));
        assertThat(answer("SELECT l.window_end, r.window_end FROM " + fromRight.formatted("FULL")))
                .isEqualTo(once("NULL 10s", "20s 20s"));
        assertThat(answer("SELECT r.window_end, l.n FROM " + fromRight.formatted("RIGHT")))
                .isEqualTo(once("10s NULL", "20s 5"));
    }

    @Test
    void theEarliestOfSeveralTimesCanBeGroupedByAndIsFinal() throws Exception {
        assertThat(answer(
                        "SELECT COALESCE(l.window_end, r.window_end) AS e, SUM(COALESCE(l.n, 0) + COALESCE(r.n, 0)) AS n FROM ("
                                + COUNTS_OF_A + ") l FULL JOIN (SELECT window_end, COUNT(*) AS n FROM " + WINDOWS_OF_B
                                + " GROUP BY window_start, window_end) r ON l.window_end = r.window_end"
                                + " GROUP BY COALESCE(l.window_end, r.window_end) EMIT FINAL"))
                .isEqualTo(once("10s 20", "20s 20"));
    }

    @Test
    void whatNothingMakesFinalIsRefusedWhateverStandsBesideIt() {
        for (String sql : List.of(
                "SELECT g, COUNT(*) FROM plain GROUP BY g",
                "SELECT COUNT(*) AS n FROM a",
                "SELECT COUNT(*) AS n FROM plain WHERE g = 'red' UNION ALL SELECT 1",
                "SELECT k FROM plain UNION ALL SELECT k FROM plain WHERE 1 = 0",
                "SELECT p.k FROM plain p LEFT JOIN (SELECT k FROM a WHERE 1 = 0) e ON p.k = e.k",
                "SELECT ts FROM a RIGHT JOIN plain ON a.k = plain.k",
                "SELECT TIMESTAMP '2001-01-01 00:00:59' AS window_end, k FROM plain")) {
            assertThatThrownBy(() -> plans.query(sql + " EMIT FINAL"))
                    .as(sql)
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            refused -> assertThat(refused.code()).isEqualTo("emit_final_needs_watermark"));
        }
    }
}
