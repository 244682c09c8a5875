package io.millrace.query.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.plan.SourceSpec.Format;
import io.millrace.query.plan.SourceSpec.Origin;
import io.millrace.query.plan.SourceSpec.Side;
import io.millrace.query.plan.SourceSpec.SourceColumn;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/// The decoder against a tree that Jackson's parser builds.
class JsonDecodingTest {
    private static final String[] NAMES = {"a", "b", "long name of a member", "é", "x\"y", ""};

    private static SourceColumn column(String name, ColumnType type, String... path) {
        return new SourceColumn(name, type, Origin.FIELD, List.of(path));
    }

    private static SourceSpec spec(List<SourceColumn> columns, Side side, List<SourceColumn> declared) {
        return new SourceSpec("s", "s", Format.JSON, Map.of(), columns, null, side, List.of(), declared);
    }

    private static Schema schema(List<SourceColumn> columns) {
        return new Schema(columns.stream()
                .map(column -> new ColumnInfo(column.name(), column.type()))
                .toList());
    }

    private static Batch read(SourceSpec spec, MemoryRecords records) throws Exception {
        Batch batch = new Batch(schema(spec.columns()));
        try (SourceReader reader = SourceReaders.open(spec, records, 0)) {
            while (reader.read(batch, Long.MAX_VALUE, 1000) > 0) {
                // go on
            }
        }
        return batch;
    }

    private static @Nullable Object one(ColumnType type, String json) throws Exception {
        List<SourceColumn> columns = List.of(column("x", type, "x"));
        Batch batch = read(
                spec(columns, Side.GOOD, List.of()), new MemoryRecords(4).add((String) null, "{\"x\":" + json + "}"));
        if (batch.count() == 0) {
            return "bad";
        }
        Object value = batch.row(0).getFirst();
        return value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : value;
    }

    // random documents

    private static void document(SplittableRandom random, StringBuilder into, int depth) {
        switch (random.nextInt(depth > 4 ? 6 : 9)) {
            case 0 -> into.append("null");
            case 1 -> into.append(random.nextBoolean());
            case 2 -> into.append(random.nextLong() >> random.nextInt(64));
            case 3 -> into.append(number(random));
            case 4, 5 -> string(random, into);
            case 6 -> {
                into.append('[');
                for (int i = random.nextInt(4); i > 0; i--) {
                    blank(random, into);
                    document(random, into, depth + 1);
                    blank(random, into);
                    into.append(i > 1 ? "," : "");
                }
                into.append(']');
            }
            default -> object(random, into, depth);
        }
    }

    private static void object(SplittableRandom random, StringBuilder into, int depth) {
        into.append('{');
        for (int i = random.nextInt(7); i > 0; i--) {
            blank(random, into);
            name(random, into);
            blank(random, into);
            into.append(':');
            blank(random, into);
            document(random, into, depth + 1);
            blank(random, into);
            into.append(i > 1 ? "," : "");
        }
        blank(random, into);
        into.append('}');
    }

    private static void name(SplittableRandom random, StringBuilder into) {
        String name = NAMES[random.nextInt(NAMES.length)];
        into.append('"');
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '"') {
                into.append("\\\"");
            } else if (random.nextInt(10) == 0) {
                into.append(String.format("\\u%04x", (int) c));
            } else {
                into.append(c);
            }
        }
        into.append('"');
    }

    private static void blank(SplittableRandom random, StringBuilder into) {
        if (random.nextInt(6) == 0) {
            into.append(new String[] {" ", "\n", "\t ", "\r\n"}[random.nextInt(4)]);
        }
    }

    private static String number(SplittableRandom random) {
        String[] parts = {
            "0", "-0", "1e3", "1.50", "-2.75E-3", "123456789012345678901234567890", "1e-400", "0.1", "9007199254740993"
        };
        return random.nextBoolean()
                ? parts[random.nextInt(parts.length)]
                : Double.toString((random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(-20, 20)));
    }

    private static void string(SplittableRandom random, StringBuilder into) {
        into.append('"');
        for (int i = random.nextInt(20); i > 0; i--) {
            switch (random.nextInt(12)) {
                case 0 -> into.append("\\n");
                case 1 -> into.append("\\\"");
                case 2 -> into.append("\\\\");
                case 3 -> into.append("\\u00e9");
                case 4 -> into.append("\\ud83d\\ude00");
                case 5 -> into.append("😀");
                case 6 -> into.append("ü");
                case 7 -> into.append("\\/");
                default -> into.append((char) random.nextInt('a', 'z'));
            }
        }
        into.append('"');
    }

    // Jackson's view

    private static final JsonFactory JACKSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(10_000)
                    .maxNumberLength(10_000)
                    .build())
            .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /// The tree, with the last of members of the same name; the string "malformed" when Jackson refuses.
    private static @Nullable Object tree(byte[] json) {
        try (JsonParser parser = JACKSON.createParser(ObjectReadContext.empty(), json)) {
            if (parser.nextToken() == null) {
                return "malformed";
            }
            Object tree = value(parser);
            return parser.nextToken() == null ? tree : "malformed";
        } catch (RuntimeException e) {
            return "malformed";
        }
    }

    private static @Nullable Object value(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    map.put(name, value(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getString();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> number(parser.getString());
        };
    }

    private static Object number(String text) {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException e) {
            return "number " + text; // an exponent that Java does not hold; JSON all the same
        }
    }

    private static @Nullable Object at(@Nullable Object tree, String... path) {
        Object at = tree;
        for (String name : path) {
            at = at instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return at;
    }

    private static final List<SourceColumn> COLUMNS = List.of(
            column("a", ColumnType.of(SqlType.JSON), "a"),
            column("at", ColumnType.of(SqlType.VARCHAR), "a"),
            column("ab", ColumnType.of(SqlType.JSON), "a", "b"),
            column("long", ColumnType.of(SqlType.JSON), "long name of a member"),
            column("e", ColumnType.of(SqlType.VARCHAR), "é"),
            column("quote", ColumnType.of(SqlType.JSON), "x\"y"),
            column("deep", ColumnType.of(SqlType.JSON), "b", "a", "é"));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void fieldsOfRandomDocumentsAreWhatJacksonFinds(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        MemoryRecords records = new MemoryRecords(50);
        List<@Nullable Object> trees = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            StringBuilder text = new StringBuilder();
            object(random, text, 0);
            byte[] json = text.toString().getBytes(StandardCharsets.UTF_8);
            trees.add(tree(json));
            records.add(null, json);
        }
        Batch batch = read(spec(COLUMNS, Side.GOOD, List.of()), records);

        assertThat(batch.count()).isEqualTo(trees.size());
        for (int row = 0; row < batch.count(); row++) {
            for (int i = 0; i < COLUMNS.size(); i++) {
                Object expected = at(trees.get(row), COLUMNS.get(i).path().toArray(String[]::new));
                byte[] found = (byte[]) batch.row(row).get(i);
                Object actual = found == null
                        ? null
                        : COLUMNS.get(i).type().type() == SqlType.JSON || !(expected instanceof String)
                                ? tree(found)
                                : new String(found, StandardCharsets.UTF_8);
                assertThat(actual)
                        .as(
                                "seed %d record %d column %s",
                                seed, row, COLUMNS.get(i).name())
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void brokenDocumentsAreBadExactlyWhenJacksonRefusesThem(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 3_000; i++) {
            StringBuilder text = new StringBuilder();
            object(random, text, 0);
            byte[] json = text.toString().getBytes(StandardCharsets.UTF_8);
            switch (random.nextInt(4)) {
                case 0 -> json = Arrays.copyOf(json, random.nextInt(json.length));
                case 1 ->
                    json[random.nextInt(json.length)] =
                            "{}[],:\"\\ntf0-.e \u0000".getBytes(StandardCharsets.ISO_8859_1)[random.nextInt(17)];
                case 2 -> {
                    int at = random.nextInt(json.length);
                    byte[] longer = new byte[json.length + 1];
                    System.arraycopy(json, 0, longer, 0, at);
                    longer[at] = (byte) "{}[],:\"x1".charAt(random.nextInt(9));
                    System.arraycopy(json, at, longer, at + 1, json.length - at);
                    json = longer;
                }
                default -> json[random.nextInt(json.length)] = (byte) random.nextInt(256);
            }
            boolean utf8 = isUtf8(json);
            Object tree = tree(json);
            boolean expected = utf8 && tree instanceof Map;
            Batch batch = read(spec(COLUMNS, Side.GOOD, List.of()), new MemoryRecords(1).add(null, json));
            assertThat(batch.count() == 1)
                    .as("seed %d document %d: %s", seed, i, new String(json, StandardCharsets.UTF_8))
                    .isEqualTo(expected);
        }
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
            return true;
        } catch (java.nio.charset.CharacterCodingException e) {
            return false;
        }
    }

    @Test
    void garbageIsBadAndNothingElseHappens() throws Exception {
        SplittableRandom random = new SplittableRandom(99);
        MemoryRecords records = new MemoryRecords(64);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            if (bytes.length > 2) {
                bytes[0] = '{';
                bytes[1] = '"';
            }
            records.add(null, bytes);
        }
        SourceReader reader = SourceReaders.open(spec(COLUMNS, Side.GOOD, List.of()), records, 0);
        Batch batch = new Batch(schema(COLUMNS));
        while (reader.read(batch, Long.MAX_VALUE, 1000) > 0) {
            // go on
        }
        assertThat(batch.count() + reader.badCount()).isEqualTo(5_000);
        assertThat(reader.badCount()).isGreaterThan(4_990);
    }

    @ParameterizedTest
    @CsvSource({"511, true", "512, false", "100000, false"})
    void nestingHasALimitThatDoesNotDependOnWhatIsWanted(int arrays, boolean good) throws Exception {
        // the object itself is one level
        String json = "{\"x\":" + "[".repeat(arrays) + "]".repeat(arrays) + "}";
        for (List<SourceColumn> columns : List.of(
                List.of(column("x", ColumnType.of(SqlType.JSON), "x")),
                List.of(column("y", ColumnType.of(SqlType.JSON), "y")),
                List.of(column("x", ColumnType.of(SqlType.JSON), "x", "z")))) {
            Batch batch = read(spec(columns, Side.GOOD, List.of()), new MemoryRecords(1).add((String) null, json));
            assertThat(batch.count() == 1).as(columns.toString()).isEqualTo(good);
        }
        String objects = "{\"x\":".repeat(arrays) + "1" + "}".repeat(arrays);
        Batch batch = read(
                spec(List.of(column("x", ColumnType.of(SqlType.JSON), "x", "x", "x", "q")), Side.GOOD, List.of()),
                new MemoryRecords(1).add((String) null, "{\"w\":" + objects + "}"));
        assertThat(batch.count() == 1).isEqualTo(good);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "BIGINT|1|1",
                "BIGINT|-0|0",
                "BIGINT|9223372036854775807|9223372036854775807",
                "BIGINT|-9223372036854775808|-9223372036854775808",
                "BIGINT|9223372036854775808|bad",
                "BIGINT|-9223372036854775809|bad",
                "BIGINT|1.0|1",
                "BIGINT|1e3|1000",
                "BIGINT|1.5|bad",
                "BIGINT|1e400000000|bad",
                "BIGINT|\"12\"|12",
                "BIGINT|\"12x\"|bad",
                "BIGINT|\"\"|bad",
                "BIGINT|true|bad",
                "BIGINT|[1]|bad",
                "BIGINT|null|",
                "INTEGER|2147483647|2147483647",
                "INTEGER|2147483648|bad",
                "INTEGER|-2147483648|-2147483648",
                "INTEGER|-2147483649|bad",
                "SMALLINT|32767|32767",
                "SMALLINT|32768|bad",
                "DOUBLE|1|1.0",
                "DOUBLE|0.1|0.1",
                "DOUBLE|-1.25e-3|-0.00125",
                "DOUBLE|1e400|bad",
                "DOUBLE|\"NaN\"|NaN",
                "DOUBLE|\"-Infinity\"|-Infinity",
                "DOUBLE|\"1.5\"|1.5",
                "DOUBLE|NaN|bad",
                "REAL|0.1|0.10000000149011612",
                "BOOLEAN|true|1",
                "BOOLEAN|\"false\"|0",
                "BOOLEAN|1|bad",
                "VARCHAR|\"a\\u00e9\\n\"|`aé\n`",
                "VARCHAR|\"\\ud83d\"|\uFFFD",
                "VARCHAR|\"\\ud83d\\u0041\"|\uFFFDA",
                "VARCHAR|\"\\ud83d\\ude00\"|😀",
                "VARCHAR|12.50|12.50",
                "VARCHAR|{\"b\": 1}|{\"b\": 1}",
                "DATE|\"2001-02-28\"|11381",
                "DATE|\"2001-02-29\"|bad",
                "DATE|\"2000-02-29\"|11016",
                "DATE|11381|bad",
                "TIME|\"23:59:59.5\"|86399500",
                "TIME|\"24:00:00\"|bad",
                "TIMESTAMP|\"2001-01-01 00:47:00\"|978310020000",
                "TIMESTAMP|\"2001/01/01 00:47\"|978310020000",
                "TIMESTAMP|\"2001-01-01T00:47:00.123Z\"|978310020123",
                "TIMESTAMP|\"2001-01-01T02:47:00+02:00\"|978310020000",
                "TIMESTAMP|\"2000-12-31T22:17:00-0230\"|978310020000",
                "TIMESTAMP|\"2001-01-01\"|978307200000",
                "TIMESTAMP|978310020000|978310020000",
                "TIMESTAMP|-1|-1",
                "TIMESTAMP|\"2001-13-01 00:00:00\"|bad",
                "TIMESTAMP|\"2001-01-01 00:00:00.\"|bad",
                "TIMESTAMP|\"2001-01-01 00:00:00+99:00\"|bad",
                "TIMESTAMPTZ|\"2001-01-01T02:47:00+02\"|978310020000",
                "VARBINARY|\"aGk=\"|hi",
                "VARBINARY|\"a!\"|bad",
                "UUID|\"6162632d-6162-2d61-622d-61622d616263\"|abc-ab-ab-ab-abc",
                "UUID|\"6162632d-6162-2d61-622d-61622d61626\"|bad",
                "INTERVAL_DAY|\"1 00:00:01\"|86401000",
                "INTERVAL_MONTH|\"-1-02\"|-14",
                "JSON|{\"a\" : [1, 2.0]}|{\"a\" : [1, 2.0]}"
            })
    void valuesAreConvertedOrRefused(SqlType type, String json, @Nullable String expected) throws Exception {
        Object value = one(ColumnType.of(type), json);

        assertThat(value == null ? null : value.toString()).isEqualTo(expected);
    }

    @Test
    void decimalsKeepEveryDigitAndAreRoundedHalfUp() throws Exception {
        assertThat(one(ColumnType.decimal(12, 2), "1.005")).isEqualTo(new BigDecimal("1.01"));
        assertThat(one(ColumnType.decimal(38, 10), "1234567890123456789012345678.0123456789"))
                .isEqualTo(new BigDecimal("1234567890123456789012345678.0123456789"));
        assertThat(one(ColumnType.decimal(3, 1), "99.95")).isEqualTo("bad");
        assertThat(one(ColumnType.decimal(3, 1), "99.94")).isEqualTo(new BigDecimal("99.9"));
        assertThat(one(ColumnType.decimal(3, 1), "1e-999999999")).isEqualTo(new BigDecimal("0.0"));
        assertThat(one(ColumnType.decimal(3, 1), "1e999999999")).isEqualTo("bad");
        assertThat(one(ColumnType.decimal(20, 0), BigInteger.TWO.pow(64).toString()))
                .isEqualTo(new BigDecimal(BigInteger.TWO.pow(64)));
    }

    @Test
    void nestedTypesBecomeObjects() throws Exception {
        ColumnType bigint = ColumnType.of(SqlType.BIGINT);
        assertThat(one(ColumnType.array(bigint), "[1, null, 3]")).isEqualTo(Arrays.asList(1L, null, 3L));
        assertThat(one(ColumnType.array(bigint), "[1, \"x\"]")).isEqualTo("bad");
        assertThat(one(ColumnType.map(bigint), "{\"k\":1,\"k\":2}")).isEqualTo(Map.of("k", 2L));
        ColumnType row =
                ColumnType.row(List.of(new ColumnInfo("p", bigint), new ColumnInfo("q", ColumnType.array(bigint))));
        assertThat((Object[]) one(row, "{\"q\":[5],\"z\":{}}")).containsExactly(null, List.of(5L));
        assertThat(one(row, "[]")).isEqualTo("bad");
    }

    @Test
    void theLastOfMembersWithTheSameNameCounts() throws Exception {
        List<SourceColumn> columns = List.of(
                column("x", ColumnType.of(SqlType.BIGINT), "x"), column("y", ColumnType.of(SqlType.BIGINT), "o", "y"));
        MemoryRecords records = new MemoryRecords(8)
                .add((String) null, "{\"x\":1,\"x\":2,\"o\":{\"y\":1},\"o\":{\"z\":1}}")
                .add((String) null, "{\"x\":\"no number\",\"x\":3,\"o\":{\"y\":1},\"o\":{\"y\":4}}")
                .add((String) null, "{\"x\":1,\"x\":null,\"o\":{\"y\":1},\"o\":7}");

        Batch batch = read(spec(columns, Side.GOOD, List.of()), records);

        assertThat(batch.row(0)).containsExactly(2L, null);
        assertThat(batch.row(1)).containsExactly(3L, 4L);
        assertThat(batch.row(2)).containsExactly(null, null);
    }

    @Test
    void whatIsBadDoesNotDependOnTheColumnsThatAreRead() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        List<SourceColumn> declared = List.of(
                column("a", ColumnType.of(SqlType.BIGINT), "a"),
                column("b", ColumnType.of(SqlType.TIMESTAMP), "b"),
                column("c", ColumnType.of(SqlType.VARCHAR), "c"));
        MemoryRecords records = new MemoryRecords(16);
        String[] values = {"1", "\"2001-01-01 00:00:00\"", "\"x\"", "null", "1.5", "{}"};
        for (int i = 0; i < 500; i++) {
            records.add(
                    (String) null,
                    "{\"a\":" + values[random.nextInt(values.length)] + ",\"b\":"
                            + values[random.nextInt(values.length)] + ",\"c\":" + values[random.nextInt(values.length)]
                            + "}");
        }
        List<Integer> counts = new ArrayList<>();
        for (List<SourceColumn> wanted : List.of(
                declared,
                declared.subList(0, 1),
                declared.subList(1, 2),
                declared.subList(2, 3),
                List.<SourceColumn>of())) {
            counts.add(read(spec(wanted, Side.GOOD, declared), records.again(9)).count());
        }
        List<SourceColumn> reason =
                List.of(new SourceColumn("_reason", ColumnType.of(SqlType.VARCHAR), Origin.REASON, List.of()));
        int bad = read(spec(reason, Side.BAD, declared), records.again(3)).count();

        assertThat(counts).allMatch(count -> count.equals(counts.getFirst()));
        assertThat(bad).isEqualTo(500 - counts.getFirst()).isBetween(1, 499);
    }
}
