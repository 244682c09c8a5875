package io.millrace.query.expression;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.Seeds;
import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.CalcProgram;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Generated code against the interpreter, and both against DuckDB.
class ExpressionOracleTest {
    private static final long SEED = Seeds.first(20_261_121);
    private static final int ROWS = 240;

    private static final Schema TABLE = Schema.of(
            new ColumnInfo("id", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("big", ColumnType.of(SqlType.BIGINT)),
            new ColumnInfo("num", ColumnType.of(SqlType.INTEGER)),
            new ColumnInfo("small", ColumnType.of(SqlType.SMALLINT)),
            new ColumnInfo("dbl", ColumnType.of(SqlType.DOUBLE)),
            new ColumnInfo("rea", ColumnType.of(SqlType.REAL)),
            new ColumnInfo("price", ColumnType.decimal(12, 2)),
            new ColumnInfo("flag", ColumnType.of(SqlType.BOOLEAN)),
            new ColumnInfo("txt", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("digits", ColumnType.of(SqlType.VARCHAR)),
            new ColumnInfo("dte", ColumnType.of(SqlType.DATE)),
            new ColumnInfo("tod", ColumnType.of(SqlType.TIME)),
            new ColumnInfo("ts", ColumnType.of(SqlType.TIMESTAMP)),
            new ColumnInfo("tz", ColumnType.of(SqlType.TIMESTAMPTZ)),
            new ColumnInfo("arr", ColumnType.array(ColumnType.of(SqlType.BIGINT))),
            new ColumnInfo("words", ColumnType.array(ColumnType.of(SqlType.VARCHAR))),
            new ColumnInfo("dict", ColumnType.map(ColumnType.of(SqlType.BIGINT))),
            new ColumnInfo(
                    "person",
                    ColumnType.row(List.of(
                            new ColumnInfo("age", ColumnType.of(SqlType.BIGINT)),
                            new ColumnInfo("name", ColumnType.of(SqlType.VARCHAR))))),
            new ColumnInfo("doc", ColumnType.of(SqlType.JSON)),
            new ColumnInfo("bin", ColumnType.of(SqlType.VARBINARY)),
            new ColumnInfo("other", ColumnType.of(SqlType.BIGINT)));

    /// Expressions that DuckDB spells and means in the same way.
    private static final List<String> COMMON = List.of(
            "num + small",
            "big + num",
            "big - other",
            "num * small",
            "num - 7",
            "-num",
            "small + 1",
            "dbl + num",
            "dbl * 2.5e0",
            "dbl - rea",
            "price + 1.25",
            "price - price",
            "price * 3",
            "price + num",
            "mod(big, 7)",
            "mod(num, 10)",
            "abs(num)",
            "abs(price)",
            "floor(dbl)",
            "ceil(dbl)",
            "floor(price)",
            "ceil(price)",
            "sign(num)",
            "sqrt(abs(dbl))",
            "big = other",
            "big <> other",
            "num < small",
            "num <= 5",
            "dbl > num",
            "dbl >= 0",
            "price > 10.5",
            "price = num",
            "txt = 'abc'",
            "txt <> 'abc'",
            "txt < 'm'",
            "txt >= digits",
            "'abc' = txt",
            "dte < date '2001-06-15'",
            "ts >= timestamp '2001-03-04 05:06:07'",
            "flag = true",
            "flag <> (num > 0)",
            "flag and num > 0",
            "flag or num > 0",
            "not flag",
            "not (flag and dbl > 1)",
            "num > 0 and small > 0 and big > 0",
            "num > 0 or small > 0 or big > 0 or dbl > 0",
            "flag is null",
            "flag is not null",
            "flag is true",
            "flag is not true",
            "flag is false",
            "flag is not false",
            "num is distinct from small",
            "txt is not distinct from digits",
            "num between -5 and 5",
            "num not between -5 and 5",
            "num in (1, 2, 3)",
            "num in (1, 2, 3, 4, 5, 6, 7, -1, -2)",
            "num not in (1, 2, 3, 4, 5, 6, 7)",
            "txt in ('abc', 'b', 'hello world', 'xyz', 'Zürich')",
            "txt not in ('abc', 'b', 'hello world', 'xyz', 'q')",
            "num < -3 or num > 3 and num <> 7",
            "case when num > 0 then 'pos' when num < 0 then 'negative' else 'zero' end",
            "case num when 1 then 10 when 2 then 20 end",
            "case when flag then big else num end",
            "case when flag then dbl else num end",
            "coalesce(num, small, 0)",
            "coalesce(txt, digits)",
            "coalesce(price, 1.50)",
            "nullif(num, 3)",
            "nullif(txt, 'abc')",
            "txt like 'a%'",
            "txt like '%o%'",
            "txt like '%d'",
            "txt like 'h%w%d'",
            "txt like '_b_'",
            "txt like '%ü%'",
            "txt not like '%a%'",
            "txt like 'abc'",
            "txt like '%'",
            "txt || '-' || digits",
            "upper(txt)",
            "lower(txt)",
            "char_length(txt)",
            "trim(txt)",
            "ltrim(txt)",
            "rtrim(txt)",
            "substring(txt from 2 for 3)",
            "substring(txt from 2)",
            "position('o' in txt)",
            "replace(txt, 'o', '0')",
            "reverse(digits)",
            "left(txt, 2)",
            "right(digits, 1)",
            "repeat(digits, 2)",
            "cast(num as bigint)",
            "cast(num as double)",
            "cast(big as varchar)",
            "cast(num as varchar)",
            "cast(digits as integer)",
            "cast(digits as bigint) + 1",
            "cast(digits as double)",
            "cast(flag as varchar)",
            "cast(flag as integer)",
            "cast(num as boolean)",
            "cast(dte as varchar)",
            "cast(dte as timestamp)",
            "cast(ts as date)",
            "cast('2001-02-03' as date)",
            "cast('2001-02-03 04:05:06' as timestamp)",
            "cast(price as decimal(14,1))",
            "cast(num as decimal(12,3))",
            "cast(price as varchar)",
            "extract(year from dte)",
            "extract(month from ts)",
            "extract(day from ts)",
            "extract(hour from ts)",
            "extract(minute from ts)",
            "ts + interval '1' day",
            "ts - interval '90' minute",
            "ts + interval '1' month",
            "ts < ts + interval '1' second",
            "ascii(digits)",
            "power(2, 3)",
            "round(dbl)",
            "exp(0)");

    /// DuckDB needs other words.
    private static final Map<String, String> TRANSLATED = new LinkedHashMap<>();

    static {
        TRANSLATED.put("big / 7", "big // 7");
        TRANSLATED.put(
                "case when other <> 0 then big / other else -1 end",
                "case when other <> 0 then big // other else -1 end");
        TRANSLATED.put("num / 3", "num // 3");
        TRANSLATED.put("floor(ts to hour)", "date_trunc('hour', ts)");
        TRANSLATED.put("floor(ts to day)", "cast(date_trunc('day', ts) as timestamp)");
        TRANSLATED.put("floor(ts to month)", "cast(date_trunc('month', ts) as timestamp)");
        TRANSLATED.put("floor(ts to week)", "cast(date_trunc('week', ts) as timestamp)");
        TRANSLATED.put("floor(ts to quarter)", "cast(date_trunc('quarter', ts) as timestamp)");
        TRANSLATED.put("floor(ts to year)", "cast(date_trunc('year', ts) as timestamp)");
        TRANSLATED.put(
                "window_start(ts, 600000, 0)",
                "cast(time_bucket(interval '10 minutes', ts, timestamp '1970-01-01') as timestamp)");
        TRANSLATED.put("arr[1]", "arr[1]");
        TRANSLATED.put("cardinality(arr)", "len(arr)");
        TRANSLATED.put("dte + interval '3' day", "cast(dte + interval '3' day as date)");
        TRANSLATED.put("dte + interval '2' month", "cast(dte + interval '2' month as date)");
        TRANSLATED.put(
                "timestampdiff(second, ts, ts + interval '1' hour)",
                "cast(date_diff('second', ts, ts + interval '1' hour) as integer)");
    }

    /// Only the generated code and the interpreter are compared; many of them fail for some rows.
    private static final List<String> OWN = List.of(
            "big / other",
            "greatest(num, small)",
            "least(num, 4)",
            "10 / num",
            "dbl / num",
            "price / num",
            "num * 1000000",
            "big * big",
            "num + 2147483600",
            "small * small",
            "mod(big, num)",
            "cast(big as integer)",
            "cast(big as smallint)",
            "cast(dbl as integer)",
            "cast(dbl as bigint)",
            "cast(price as integer)",
            "cast(txt as integer)",
            "cast(txt as double)",
            "cast(txt as boolean)",
            "cast(txt as date)",
            "cast(txt as timestamp)",
            "cast(txt as decimal(10,2))",
            "cast(digits as decimal(10,2))",
            "cast(digits as smallint)",
            "cast(dbl as decimal(6,2))",
            "cast(dbl as real)",
            "cast(dbl as varchar)",
            "cast(rea as varchar)",
            "cast(ts as varchar)",
            "cast(tz as varchar)",
            "cast(tod as varchar)",
            "cast(tz as timestamp)",
            "cast(ts as time)",
            "cast(txt as varchar(3))",
            "cast(digits as char(4))",
            "safe_cast(txt as integer)",
            "safe_cast(digits as double)",
            "flag and 10 / num > 1",
            "num = 0 or 10 / num > 1",
            "case when num = 0 then 0 else 10 / num end",
            "case when 10 / num > 1 then 'a' else 'b' end",
            "num > 0 and (flag or dbl > 0) and not (txt = 'abc' or small < 0)",
            "coalesce(10 / num, 1)",
            "arr[2]",
            "words[1]",
            "words[1] || '!'",
            "dict['k1']",
            "person.age",
            "person.name",
            "t.person.age + 1",
            "array[num, 5, null]",
            "array[txt, 'x']",
            "row(num, txt)",
            "cardinality(words)",
            "array_contains(arr, 3)",
            "array_length(arr)",
            "array_concat(arr, arr)",
            "cast(arr as double array)",
            "tz > timestamp with local time zone '2001-01-01 00:00:00'",
            "tz + interval '5' second",
            "tod + interval '5' minute",
            "tod < time '12:00:00'",
            "(ts - ts) second",
            "ts - interval '1' year",
            "window_end(ts, 60000, 5000)",
            "window_start(tz, 3600000, -1)",
            "json_get(doc, 'a')",
            "json_get_text(doc, 'b')",
            "json_get_text(json_get(doc, 'list'), 1)",
            "json_value(doc, '$.a')",
            "json_value(doc, 'lax $.nested.x')",
            "json_query(doc, '$.list')",
            "json_exists(doc, '$.b')",
            "doc is json",
            "octet_length(bin)",
            "md5(txt)",
            "initcap(txt)",
            "concat(txt, digits)",
            "txt similar to '(abc|b)%'",
            "regexp_like(txt, 'o+')",
            "regexp_replace(txt, 'o', '0')",
            "split_part(txt, ' ', 1)",
            "lpad(digits, 6, '0')",
            "translate(txt, 'abc', 'xyz')",
            "chr(65)",
            "pi()",
            "txt like 'a\\%' escape '\\'",
            "txt like digits",
            "txt like '%b_%'",
            "txt like '_%_b%'",
            "ln(dbl)",
            "log10(abs(dbl) + 1)",
            "sin(dbl)",
            "truncate(dbl, 1)",
            "round(price, 1)",
            "price * price * price * price",
            "power(dbl, 2)",
            "power(dbl * 1e300, 2) * dbl",
            "power(price, 0.5)",
            "power(2, big)",
            "extract(dow from dte)",
            "extract(epoch from ts)",
            "extract(millisecond from tod)",
            "timestampadd(month, 3, ts)",
            "timestampdiff(day, ts, cast(dte as timestamp))",
            "last_day(dte)",
            "ceil(ts to hour)",
            "overlay(txt placing 'ZZ' from 2 for 1)",
            "bin = bin",
            "arr = arr",
            "person = person",
            "current_timestamp > tz",
            "big in (5, 7, 9, 11, 13) and txt in ('abc', 'b', 'c', 'd', 'e')",
            "dbl in (0.0, 1.5, 2.5, 3.5)",
            "dte in (date '2001-01-01', date '2001-02-01', date '2001-03-01', date '2001-04-01')");

    private final List<List<@Nullable Object>> rows = rows(new SplittableRandom(SEED));

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<List<@Nullable Object>> rows(SplittableRandom random) {
        String[] texts = {
            "abc",
            "b",
            "hello world",
            "xyz",
            "Zürich",
            "",
            "  padded ",
            "a%",
            "42",
            "true",
            "2001-02-03",
            "2001-02-03 04:05:06.789",
            "日本語",
            "😀 face",
            "Moo",
            "1e5",
            "abcb"
        };
        String[] documents = {
            "{\"a\":1,\"b\":\"two\",\"list\":[1,2,3],\"nested\":{\"x\":true}}",
            "{\"a\":\"x\\u00e9\\n\",\"b\":null}",
            "{}",
            "[1,2]",
            "{\"a\":{\"deep\":[]},\"list\":[\"p\",\"q\"]}",
            "{\"a\":1.50,\"a\":2.5}"
        };
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            List<@Nullable Object> row = new ArrayList<>();
            row.add((long) i);
            row.add(random.nextInt(8) == 0 ? random.nextLong() >> 8 : (long) random.nextInt(-20, 20));
            row.add((long) random.nextInt(-9, 10));
            row.add((long) random.nextInt(-9, 10));
            row.add(random.nextInt(-40, 40) / 4.0);
            row.add((double) (random.nextInt(-40, 40) / 8f));
            row.add(BigDecimal.valueOf(random.nextInt(-5000, 5000), 2));
            row.add((long) random.nextInt(2));
            row.add(utf8(texts[random.nextInt(texts.length)]));
            row.add(utf8(Integer.toString(random.nextInt(0, 3000))));
            row.add((long) random.nextInt(11300, 11700));
            row.add((long) random.nextInt(86_400) * 1000 + (random.nextBoolean() ? 0 : 250));
            row.add(random.nextLong(970_000_000L, 1_010_000_000L) * 1000);
            row.add(random.nextLong(970_000_000_000L, 1_010_000_000_000L));
            List<@Nullable Object> numbers = new ArrayList<>();
            List<@Nullable Object> words = new ArrayList<>();
            for (int k = random.nextInt(4); k > 0; k--) {
                numbers.add(random.nextInt(6) == 0 ? null : (Object) (long) random.nextInt(5));
                words.add(utf8(texts[random.nextInt(texts.length)]));
            }
            row.add(numbers);
            row.add(words);
            Map<String, Object> map = new HashMap<>();
            map.put("k" + random.nextInt(2), (long) random.nextInt(100));
            row.add(map);
            row.add(new @Nullable Object[] {random.nextBoolean() ? 7L : null, utf8("Ann")});
            row.add(utf8(documents[random.nextInt(documents.length)]));
            row.add(new byte[] {1, (byte) random.nextInt(256)});
            row.add((long) random.nextInt(-3, 4));
            for (int column = 1; column < row.size(); column++) {
                if (random.nextInt(8) == 0) {
                    row.set(column, null);
                }
            }
            rows.add(row);
        }
        return rows;
    }

    private Batch batch() {
        Batch batch = new Batch(TABLE);
        rows.forEach(row -> batch.appendValues(row, 1));
        return batch;
    }

    /// Boxed values in a form that compares.
    private static @Nullable Object plain(@Nullable Object value) {
        return switch (value) {
            case byte[] bytes -> new String(bytes, StandardCharsets.ISO_8859_1);
            case Object[] fields -> plain(Arrays.asList(fields));
            case List<?> list ->
                list.stream().map(ExpressionOracleTest::plain).toList().toString();
            case null, default -> value;
        };
    }

    /// What generated code makes of every row: the value, or `failed: reason`.
    private Map<Integer, @Nullable Object> generated(String expression) {
        CalcProgram program = SqlExpressions.program(TABLE, "id, " + expression + " as x", "");
        Map<Integer, @Nullable Object> results = new LinkedHashMap<>();
        Batch output = new Batch(program.output());
        ExpressionCompiler.compile(program, 1_000_000_000_000L)
                .apply(batch(), output, (input, row, reason) -> results.put(row, "failed: " + reason));
        for (int i = 0; i < output.count(); i++) {
            results.put((int) output.longs(0).get(i), plain(output.row(i).get(1)));
        }
        return results;
    }

    private Map<Integer, @Nullable Object> interpreted(String expression) {
        CalcProgram program = SqlExpressions.program(TABLE, "id, " + expression + " as x", "");
        Function<List<? extends @Nullable Object>, RowInterpreter.Result> interpreter =
                RowInterpreter.of(program, 1_000_000_000_000L);
        Map<Integer, @Nullable Object> results = new LinkedHashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            results.put(
                    i,
                    switch (interpreter.apply(rows.get(i))) {
                        case RowInterpreter.Result.Passed(var values) -> plain(values.get(1));
                        case RowInterpreter.Result.Filtered() -> "filtered";
                        case RowInterpreter.Result.Failed(String reason) -> "failed: " + reason;
                    });
        }
        return results;
    }

    private static String difference(Map<Integer, @Nullable Object> left, Map<Integer, @Nullable Object> right) {
        for (int i = 0; i < ROWS; i++) {
            Object a = left.get(i);
            Object b = right.get(i);
            if (!left.containsKey(i) || !right.containsKey(i) || !java.util.Objects.equals(a, b)) {
                return "row " + i + ": " + a + " against " + b;
            }
        }
        return "";
    }

    @Test
    void generatedCodeEqualsTheInterpreter() {
        List<String> all = new ArrayList<>(COMMON);
        all.addAll(TRANSLATED.keySet());
        all.addAll(OWN);
        assertThat(all).hasSizeGreaterThan(150);
        List<String> problems = new ArrayList<>();
        for (String expression : all) {
            try {
                String difference = difference(generated(expression), interpreted(expression));
                if (!difference.isEmpty()) {
                    problems.add(expression + "\n    " + difference);
                }
            } catch (RuntimeException | StackOverflowError e) {
                problems.add(expression + "\n    " + e.getClass().getSimpleName() + " "
                        + String.valueOf(e.getMessage()).lines().limit(2).toList());
            }
        }
        assertThat(problems).as("seed %d", SEED).isEmpty();
    }

    @Test
    void conditionsKeepWhatTheInterpreterKeeps() {
        List<String> problems = new ArrayList<>();
        for (String condition : List.of(
                "flag",
                "num > 0 and dbl < 2",
                "10 / num > 1",
                "flag or 10 / num > 1",
                "txt in ('abc', 'b', 'xyz', '42') and not flag",
                "num is null or txt like '%o%'",
                "false",
                "true")) {
            CalcProgram program = SqlExpressions.program(TABLE, "id, num + 1", condition);
            Map<Integer, Object> kept = new LinkedHashMap<>();
            Batch output = new Batch(program.output());
            ExpressionCompiler.compile(program).apply(batch(), output, (input, row, reason) -> kept.put(row, reason));
            for (int i = 0; i < output.count(); i++) {
                kept.put((int) output.longs(0).get(i), output.row(i));
            }
            var interpreter = RowInterpreter.of(program);
            for (int i = 0; i < ROWS; i++) {
                Object expected = switch (interpreter.apply(rows.get(i))) {
                    case RowInterpreter.Result.Passed(var values) -> values;
                    case RowInterpreter.Result.Filtered() -> "filtered";
                    case RowInterpreter.Result.Failed(String reason) -> reason;
                };
                if (!kept.getOrDefault(i, "filtered").equals(expected)) {
                    problems.add(condition + " row " + i + ": " + kept.get(i) + " against " + expected);
                }
            }
        }
        assertThat(problems).as("seed %d", SEED).isEmpty();
    }

    @Test
    void generatedCodeEqualsDuckDb() throws SQLException {
        Map<String, String> all = new LinkedHashMap<>();
        COMMON.forEach(expression -> all.put(expression, expression));
        all.putAll(TRANSLATED);
        assertThat(all).hasSizeGreaterThan(60);
        List<String> problems = new ArrayList<>();
        try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = duck.createStatement()) {
            fill(duck, statement);
            for (Map.Entry<String, String> entry : all.entrySet()) {
                try (ResultSet result =
                        statement.executeQuery("SELECT id, " + entry.getValue() + " FROM t ORDER BY id")) {
                    Map<Integer, @Nullable Object> expected = new LinkedHashMap<>();
                    while (result.next()) {
                        expected.put((int) result.getLong(1), normalized(result.getObject(2)));
                    }
                    Map<Integer, @Nullable Object> actual = typed(entry.getKey());
                    String difference = difference(actual, expected);
                    if (!difference.isEmpty()) {
                        problems.add(entry.getKey() + "\n    " + difference);
                    }
                } catch (SQLException | RuntimeException e) {
                    problems.add(entry.getKey() + "\n    "
                            + String.valueOf(e.getMessage()).lines().limit(2).toList());
                }
            }
        }
        assertThat(problems).as("seed %d", SEED).isEmpty();
    }

    /// Generated results in DuckDB's Java types, as text.
    private Map<Integer, @Nullable Object> typed(String expression) {
        CalcProgram program = SqlExpressions.program(TABLE, "id, " + expression + " as x", "");
        SqlType type = program.output().type(1).type();
        Batch output = new Batch(program.output());
        Map<Integer, @Nullable Object> results = new LinkedHashMap<>();
        ExpressionCompiler.compile(program)
                .apply(batch(), output, (input, row, reason) -> results.put(row, "failed: " + reason));
        for (int i = 0; i < output.count(); i++) {
            Object value = output.row(i).get(1);
            Object typed = value == null
                    ? null
                    : switch (type) {
                        case BOOLEAN -> (Long) value != 0;
                        case DATE -> LocalDate.ofEpochDay((Long) value);
                        case TIME -> LocalTime.ofNanoOfDay((Long) value * 1_000_000);
                        case TIMESTAMP -> LocalDateTime.ofEpochSecond((Long) value / 1000, 0, ZoneOffset.UTC);
                        case VARCHAR -> new String((byte[]) value, StandardCharsets.UTF_8);
                        default -> value;
                    };
            results.put((int) output.longs(0).get(i), normalized(typed));
        }
        return results;
    }

    private static @Nullable Object normalized(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case java.sql.Timestamp timestamp -> timestamp.toLocalDateTime().toString();
            case java.sql.Date date -> date.toLocalDate().toString();
            case Number number -> {
                double rounded = number.doubleValue() + 0.0;
                yield number instanceof Double || number instanceof Float || number instanceof BigDecimal
                        ? new BigDecimal(rounded)
                                .setScale(6, java.math.RoundingMode.HALF_UP)
                                .stripTrailingZeros()
                                .toPlainString()
                        : number.toString();
            }
            default -> value.toString();
        };
    }

    private void fill(Connection duck, Statement statement) throws SQLException {
        statement.execute("CREATE TABLE t (id BIGINT, big BIGINT, num INTEGER, small SMALLINT, dbl DOUBLE, rea REAL,"
                + " price DECIMAL(12,2), flag BOOLEAN, txt VARCHAR, digits VARCHAR, dte DATE, tod TIME, ts TIMESTAMP,"
                + " tz TIMESTAMP, arr BIGINT[], other BIGINT)");
        try (PreparedStatement insert =
                duck.prepareStatement("INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,CAST(? AS BIGINT[]),?)")) {
            for (List<@Nullable Object> row : rows) {
                for (int i = 0; i < 14; i++) {
                    Object value = row.get(i);
                    insert.setObject(
                            i + 1,
                            value == null
                                    ? null
                                    : switch (TABLE.type(i).type()) {
                                        case BOOLEAN -> (Long) value != 0;
                                        case VARCHAR -> new String((byte[]) value, StandardCharsets.UTF_8);
                                        case DATE -> LocalDate.ofEpochDay((Long) value);
                                        case TIME ->
                                            LocalTime.ofNanoOfDay((Long) value * 1_000_000)
                                                    .toString();
                                        case TIMESTAMP, TIMESTAMPTZ ->
                                            LocalDateTime.ofEpochSecond((Long) value / 1000, 0, ZoneOffset.UTC);
                                        default -> value;
                                    });
                }
                Object array = row.get(14);
                insert.setObject(15, array == null ? null : array.toString());
                insert.setObject(16, row.get(20));
                insert.executeUpdate();
            }
        }
    }
}
