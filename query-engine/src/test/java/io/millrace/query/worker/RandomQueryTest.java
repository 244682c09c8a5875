package io.millrace.query.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.Seeds;
import io.millrace.query.SqlException;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.expression.RowInterpreter;
import io.millrace.query.oracle.Multiset;
import io.millrace.query.oracle.NaiveEvaluator;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.random.QueryGenerator;
import io.millrace.query.source.SourceReader;
import io.millrace.query.source.SourceReaders;
import io.millrace.query.sql.PlannedStatement;
import io.millrace.query.sql.UniqueKeys;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Random queries over random streams with NULLs, duplicates, disorder and late rows.
///
/// Each runs through the whole engine in random steps; the sum of its changes must equal what the naive
/// evaluator makes of all rows at once, and what DuckDB answers where it speaks the same SQL.
class RandomQueryTest {
    private static final int QUERIES_A_DATA_SET = 10;
    private static final long BASE_MS = Instant.parse("2001-01-01T00:00:00Z").toEpochMilli();
    private static final String COLUMNS =
            "(k BIGINT, g VARCHAR, x INTEGER, d DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)";

    @TempDir
    Path folder;

    private int compared;
    private int comparedWithDuck;
    private int rows;
    private int finalRows;
    private int lateRows;

    @Test
    void everyAnswerIsTheNaiveOneWhateverTheSteps() throws Exception {
        long first = Seeds.first(1);
        int dataSets = Integer.getInteger("millrace.random.datasets", Seeds.isOne() ? 1 : 50);
        for (long seed = first; seed < first + dataSets; seed++) {
            runDataSet(seed);
        }
        System.out.printf(
                "seeds %d to %d: %d queries equal the naive evaluator (%,d rows, %d final, %d late), %d of them DuckDB too%n",
                first, first + dataSets - 1, compared, rows, finalRows, lateRows, comparedWithDuck);
        if (dataSets > 1) {
            assertThat(compared).isGreaterThanOrEqualTo(dataSets * QUERIES_A_DATA_SET * 2 / 3);
            assertThat(comparedWithDuck).isGreaterThan(compared / 2);
            assertThat(finalRows).isPositive();
            assertThat(lateRows).isPositive();
        }
    }

    private void runDataSet(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        try (LocalTopics topics = new LocalTopics(folder.resolve("data" + seed));
                Connection duck = DriverManager.getConnection("jdbc:duckdb:")) {
            Plans plans = new Plans(topics);
            fill(topics, random);
            plans.declare("CREATE STREAM a " + COLUMNS + " WITH (topic = 'a')");
            plans.declare("CREATE STREAM b " + COLUMNS + " WITH (topic = 'b')");
            plans.declare("CREATE TABLE u (id BIGINT PRIMARY KEY, name VARCHAR, y INTEGER) WITH (topic = 'u')");
            try (Statement statement = duck.createStatement()) {
                statement.execute("SET integer_division = true");
                load(plans, statement, "a", "k BIGINT, g VARCHAR, x INTEGER, d DOUBLE, ts TIMESTAMP");
                load(plans, statement, "b", "k BIGINT, g VARCHAR, x INTEGER, d DOUBLE, ts TIMESTAMP");
                load(plans, statement, "u", "id BIGINT, name VARCHAR, y INTEGER");
                for (String view : QueryGenerator.VIEWS) {
                    plans.declare(view);
                    statement.execute(view);
                }
                QueryGenerator generator = new QueryGenerator(random);
                for (int i = 0; i < QUERIES_A_DATA_SET; i++) {
                    check(seed, plans, topics, random, generator.next(), statement);
                }
            }
        }
    }

    private void check(
            long seed,
            Plans plans,
            LocalTopics topics,
            SplittableRandom random,
            QueryGenerator.Query generated,
            Statement duck)
            throws Exception {
        String what = "seed %d: %s".formatted(seed, generated.ours());
        PlannedStatement.Query query;
        try {
            query = plans.query(generated.ours());
        } catch (SqlException refused) {
            throw new AssertionError(what + " is refused: " + refused.getMessage(), refused);
        }
        Multiset incremental = incremental(plans, query, random, what);
        if (generated.slackMs() >= 0) {
            checkFinal(plans, query, topics, incremental, generated, what);
            return;
        }
        assertThat(text(incremental, query.schema()))
                .as("%s against the naive evaluator", what)
                .isEqualTo(text(present(naive(query, topics), query), query.schema()));
        compared++;
        rows += incremental.size();
        finalRows += generated.ours().endsWith("EMIT FINAL") ? incremental.size() : 0;
        lateRows += generated.ours().contains("$late") ? incremental.size() : 0;
        if (generated.duck() != null) {
            assertThat(text(incremental, query.schema()))
                    .as("%s against DuckDB: %s", what, generated.duck())
                    .isEqualTo(text(duck, generated.duck(), what));
            comparedWithDuck++;
        }
    }

    /// What has come is never taken back, so it is part of the answer over all rows; what is older than all
    /// watermarks has come.
    private void checkFinal(
            Plans plans,
            PlannedStatement.Query query,
            LocalTopics topics,
            Multiset incremental,
            QueryGenerator.Query generated,
            String what)
            throws Exception {
        String sql = generated.ours();
        PlannedStatement.Query whole = plans.query(sql.substring(0, sql.length() - " EMIT FINAL".length()));
        Map<String, Long> found = text(incremental, query.schema());
        Multiset answer = naive(whole, topics);
        Map<String, Long> all = text(answer, query.schema());
        found.forEach((row, weight) ->
                assertThat(weight).as("%s: %s of %s", what, row, all).isLessThanOrEqualTo(all.getOrDefault(row, 0L)));
        Map<SourceSpec, Long> watermarks = new HashMap<>();
        Set<SourceSpec> read = sources(whole.plan(), new LinkedHashSet<>());
        for (SourceSpec spec : sources(query.plan(), read)) {
            rows(spec, topics, watermarks);
        }
        long limit =
                watermarks.values().stream().mapToLong(Long::longValue).min().orElse(Long.MAX_VALUE);
        Multiset due = new Multiset();
        answer.forEach((row, weight) -> {
            if (row.getFirst() instanceof Long time && time < limit - generated.slackMs()) {
                due.add(row, weight);
            }
        });
        text(due, query.schema())
                .forEach((row, weight) -> assertThat(found)
                        .as("%s: final rows below %s", what, time(limit - generated.slackMs()))
                        .containsEntry(row, weight));
        compared++;
        rows += incremental.size();
        finalRows += incremental.size();
    }

    // ---- the engine
    // ----------------------------------------------------------------------------------------------------

    private static Multiset incremental(Plans plans, PlannedStatement.Query query, SplittableRandom random, String what)
            throws Exception {
        Execution execution = plans.execute(query);
        Integral sum = new Integral(query.plan().schema());
        boolean first = true;
        while (first || !execution.frontier().includes(execution.end())) {
            first = false;
            try {
                Batch changes = execution.step(execution.end(), 1 + random.nextInt(40));
                for (int row = 0; row < changes.count() && execution.appendOnly(); row++) {
                    assertThat(changes.weight(row)).as("%s only appends", what).isPositive();
                }
                sum.add(changes);
            } catch (RuntimeException failure) {
                throw new AssertionError(what + " failed", failure);
            }
        }
        execution.close();
        Multiset result = new Multiset();
        for (Batch batch : Presentation.arrange(sum.rows(), query.order(), query.offset(), query.fetch())) {
            for (int row = 0; row < batch.count(); row++) {
                result.add(batch.row(row), batch.weight(row));
            }
        }
        for (int row = 0; row < sum.rows().count(); row++) {
            assertThat(sum.rows().weight(row)).as(what).isNotNegative();
        }
        UniqueKeys.of(query.plan()).ifPresent(key -> checkKey(sum.rows(), key, what));
        return result;
    }

    /// What is said of a plan before it runs must hold for whatever comes.
    private static void checkKey(Batch rows, int[] key, String what) {
        Set<String> found = new HashSet<>();
        for (int row = 0; row < rows.count(); row++) {
            List<String> values = new ArrayList<>();
            for (int column : key) {
                values.add(text(rows.column(column).objectAt(row), rows.schema().type(column)));
            }
            long weight = rows.weight(row);
            assertThat(weight == 0 || weight == 1 && found.add(values.toString()))
                    .as("%s: key %s %s is unique", what, Arrays.toString(key), values)
                    .isTrue();
        }
    }

    // ---- the naive evaluator
    // -------------------------------------------------------------------------------------------

    private static Multiset naive(PlannedStatement.Query query, LocalTopics topics) throws Exception {
        Map<SourceSpec, Multiset> sources = new HashMap<>();
        Map<SourceSpec, Long> watermarks = new HashMap<>();
        for (SourceSpec spec : sources(query.plan(), new LinkedHashSet<>())) {
            sources.put(spec, rows(spec, topics, watermarks));
        }
        return NaiveEvaluator.evaluate(
                query.plan(),
                sources,
                program -> {
                    var interpreter = RowInterpreter.of(program);
                    return row -> switch (interpreter.apply(row)) {
                        case RowInterpreter.Result.Passed(var values) -> values;
                        case RowInterpreter.Result.Filtered() -> null;
                        case RowInterpreter.Result.Failed(String reason) -> throw new IllegalStateException(reason);
                    };
                },
                // a window is final when the watermark of all that goes into it has come to its end
                node -> 1
                        + sources(node, new LinkedHashSet<>()).stream()
                                .mapToLong(spec -> Objects.requireNonNull(watermarks.get(spec)))
                                .min()
                                .orElseThrow());
    }

    private static Set<SourceSpec> sources(PlanNode node, Set<SourceSpec> found) {
        if (node instanceof PlanNode.Source source) {
            found.add(source.source());
        }
        node.inputs().forEach(input -> sources(input, found));
        return found;
    }

    private static Multiset rows(SourceSpec spec, LocalTopics topics, Map<SourceSpec, Long> watermarks)
            throws Exception {
        Multiset rows = new Multiset();
        int partitions = topics.topic(spec.topic()).orElseThrow().partitions();
        for (int partition = 0; partition < partitions; partition++) {
            Batch batch = new Batch(Circuits.inputSchema(spec));
            try (SourceReader reader = SourceReaders.open(spec, topics.open(spec.topic(), partition, 0), partition)) {
                while (reader.read(batch, Long.MAX_VALUE, Integer.MAX_VALUE) > 0) {}
                watermarks.merge(spec, reader.watermarkMs(), Math::min);
            }
            for (int row = 0; row < batch.count(); row++) {
                rows.add(batch.row(row), batch.weight(row));
            }
        }
        return rows;
    }

    /// ORDER BY and LIMIT of the statement, over the naive answer.
    private static Multiset present(Multiset answer, PlannedStatement.Query query) {
        Batch batch = new Batch(query.plan().schema());
        answer.forEach(batch::appendValues);
        Multiset result = new Multiset();
        for (Batch part : Presentation.arrange(batch, query.order(), query.offset(), query.fetch())) {
            for (int row = 0; row < part.count(); row++) {
                result.add(part.row(row), part.weight(row));
            }
        }
        return result;
    }

    // ---- data
    // -----------------------------------------------------------------------------------------------------------

    private static void fill(LocalTopics topics, SplittableRandom random) throws Exception {
        for (String stream : List.of("a", "b")) {
            topics.create(stream, 2);
            int count = 20 + random.nextInt(60);
            for (int i = 0; i < count; i++) {
                topics.write(stream, random.nextInt(2), record(i, random));
            }
        }
        topics.create("u", 1);
        for (int i = 0; i < 15; i++) {
            topics.write(
                    "u",
                    0,
                    "{\"id\":%d,\"name\":%s,\"y\":%d}"
                            .formatted(
                                    random.nextInt(6), text(random, "\"ann\"", "\"bob\"", "null"), random.nextInt(5)));
        }
    }

    private static String record(int i, SplittableRandom random) {
        long ts = BASE_MS + i * 700L - random.nextInt(9000);
        return "{\"k\":%s,\"g\":%s,\"x\":%s,\"d\":%s,\"ts\":%s}"
                .formatted(
                        random.nextInt(10) == 0 ? "null" : Integer.toString(random.nextInt(6)),
                        text(random, "\"red\"", "\"green\"", "\"blue\"", "null"),
                        random.nextInt(8) == 0 ? "null" : Integer.toString(random.nextInt(14) - 3),
                        random.nextInt(8) == 0 ? "null" : Double.toString((random.nextInt(40) - 10) * 0.25),
                        random.nextInt(25) == 0 ? "null" : "\"" + time(ts) + "\"");
    }

    private static String text(SplittableRandom random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static String time(long ms) {
        return LocalDateTime.ofInstant(Instant.ofEpochMilli(ms), ZoneOffset.UTC)
                .toString()
                .replace('T', ' ');
    }

    /// Gives DuckDB the rows that the stream has: those that are not late.
    private static void load(Plans plans, Statement duck, String table, String columns) throws Exception {
        duck.execute("CREATE TABLE " + table + " (" + columns + ")");
        PlannedStatement.Query query = plans.query("SELECT * FROM " + table);
        Execution execution = plans.execute(query);
        Integral all = new Integral(query.schema());
        all.add(execution.step(execution.end(), Integer.MAX_VALUE));
        execution.close();
        Batch batch = all.rows();
        for (int row = 0; row < batch.count(); row++) {
            List<String> values = new ArrayList<>();
            for (int column = 0; column < batch.schema().size(); column++) {
                Object value = batch.column(column).objectAt(row);
                SqlType type = batch.schema().type(column).type();
                values.add(
                        switch (value) {
                            case null -> "NULL";
                            case byte[] bytes -> "'" + new String(bytes, StandardCharsets.UTF_8) + "'";
                            case Long ms when type == SqlType.TIMESTAMP -> "TIMESTAMP '" + time(ms) + "'";
                            default -> value.toString();
                        });
            }
            for (long i = 0; i < batch.weight(row); i++) {
                duck.execute("INSERT INTO " + table + " VALUES (" + String.join(", ", values) + ")");
            }
        }
    }

    // ---- answers as text
    // ------------------------------------------------------------------------------------------------

    private static Map<String, Long> text(Multiset answer, Schema schema) {
        Map<String, Long> text = new TreeMap<>();
        answer.forEach((row, weight) -> {
            List<String> values = new ArrayList<>();
            for (int i = 0; i < row.size(); i++) {
                values.add(text(row.get(i), schema.type(i)));
            }
            text.merge(values.toString(), weight, Long::sum);
        });
        return text;
    }

    private static String text(@Nullable Object value, ColumnType type) {
        return switch (value) {
            case null -> "NULL";
            case byte[] bytes -> new String(bytes, StandardCharsets.UTF_8);
            case Double number -> number(number);
            case BigDecimal number -> number.stripTrailingZeros().toPlainString();
            case Long number when type.type() == SqlType.TIMESTAMP -> time(number);
            case Long number
            when type.type() == SqlType.DATE -> LocalDate.ofEpochDay(number).toString();
            default -> value.toString();
        };
    }

    private static Map<String, Long> text(Statement duck, String sql, String what) {
        Map<String, Long> text = new TreeMap<>();
        try (ResultSet result = duck.executeQuery(sql)) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    values.add(duckText(result.getObject(i)));
                }
                text.merge(values.toString(), 1L, Long::sum);
            }
        } catch (SQLException failure) {
            throw new AssertionError(what + ": DuckDB refuses " + sql, failure);
        }
        return text;
    }

    private static String duckText(@Nullable Object value) {
        return switch (value) {
            case null -> "NULL";
            case Double number -> number(number);
            case BigDecimal number -> number.stripTrailingZeros().toPlainString();
            case java.sql.Timestamp time -> time.toLocalDateTime().toString().replace('T', ' ');
            case java.sql.Date date -> date.toLocalDate().toString();
            default -> value.toString();
        };
    }

    /// Sums of doubles may differ in the last digits.
    private static String number(double value) {
        if (value == 0) {
            return "0";
        }
        return new BigDecimal(value)
                .round(new MathContext(10, RoundingMode.HALF_EVEN))
                .stripTrailingZeros()
                .toPlainString();
    }
}
