package io.millrace.query.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.query.data.Batch;
import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import io.millrace.query.data.Schema;
import io.millrace.query.data.SqlType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowWritersTest {
    private static final ColumnType BIGINT = ColumnType.of(SqlType.BIGINT);

    private static final List<ColumnType> TYPES = List.of(
            ColumnType.of(SqlType.BOOLEAN),
            ColumnType.of(SqlType.SMALLINT),
            ColumnType.of(SqlType.INTEGER),
            BIGINT,
            ColumnType.decimal(38, 6),
            ColumnType.of(SqlType.REAL),
            ColumnType.of(SqlType.DOUBLE),
            ColumnType.of(SqlType.VARCHAR),
            ColumnType.of(SqlType.VARBINARY),
            ColumnType.of(SqlType.DATE),
            ColumnType.of(SqlType.TIME),
            ColumnType.of(SqlType.TIMESTAMP),
            ColumnType.of(SqlType.TIMESTAMPTZ),
            ColumnType.of(SqlType.INTERVAL_DAY),
            ColumnType.of(SqlType.INTERVAL_MONTH),
            ColumnType.of(SqlType.JSON),
            ColumnType.of(SqlType.UUID),
            ColumnType.array(ColumnType.of(SqlType.VARCHAR)),
            ColumnType.map(BIGINT),
            ColumnType.row(
                    List.of(new ColumnInfo("p", BIGINT), new ColumnInfo("q", ColumnType.of(SqlType.TIMESTAMP)))));

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            text.appendCodePoint(
                    switch (random.nextInt(6)) {
                        case 0 -> random.nextInt(0, 32);
                        case 1 -> '"';
                        case 2 -> '\\';
                        case 3 -> 0x1F600;
                        case 4 -> 'ü';
                        default -> random.nextInt('a', 'z');
                    });
        }
        return text.toString();
    }

    private static Object value(SplittableRandom random, ColumnType type) {
        return switch (type.type()) {
            case BOOLEAN -> (long) random.nextInt(2);
            case SMALLINT -> (long) (short) random.nextInt();
            case INTEGER -> (long) random.nextInt();
            case BIGINT -> random.nextInt(9) == 0 ? Long.MIN_VALUE : random.nextLong() >> random.nextInt(64);
            case DECIMAL -> BigDecimal.valueOf(random.nextLong(), 6);
            case REAL -> (double) Float.intBitsToFloat(random.nextInt());
            case DOUBLE ->
                switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(-100_000, 100_000) / 1000.0;
                    case 1 -> random.nextInt() / 7.0;
                    case 2 -> -0.0;
                    default -> Double.longBitsToDouble(random.nextLong());
                };
            case VARCHAR -> utf8(text(random));
            case VARBINARY, UUID -> {
                byte[] bytes = new byte[type.type() == SqlType.UUID ? 16 : random.nextInt(9)];
                random.nextBytes(bytes);
                yield bytes;
            }
            case DATE -> (long) random.nextInt(-700_000, 2_900_000);
            case TIME -> (long) random.nextInt(86_400_000);
            case TIMESTAMP, TIMESTAMPTZ -> random.nextLong(-62_135_596_800_000L, 253_402_300_800_000L);
            case INTERVAL_DAY -> random.nextLong(-1_000_000_000_000L, 1_000_000_000_000L);
            case INTERVAL_MONTH -> (long) random.nextInt(-10_000, 10_000);
            case JSON -> utf8("{\"a\": [1, " + random.nextInt() + "]}");
            case ARRAY -> Arrays.asList(utf8(text(random)), null, utf8(""));
            case MAP -> Map.of(text(random), random.nextLong());
            case ROW -> new @Nullable Object[] {null, random.nextLong(0, 1_000_000_000_000L)};
            case NULL -> throw new IllegalArgumentException("no values");
        };
    }

    private static String shown(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case byte[] bytes -> new String(bytes, StandardCharsets.ISO_8859_1);
            case Object[] fields ->
                Arrays.stream(fields).map(RowWritersTest::shown).toList().toString();
            case List<?> list ->
                list.stream().map(RowWritersTest::shown).toList().toString();
            default -> value.toString();
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whatIsWrittenAsJsonIsReadBack(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        JsonValueReader reader = new JsonValueReader();
        for (ColumnType type : TYPES) {
            Schema schema = Schema.of(new ColumnInfo("x", type));
            Batch batch = new Batch(schema);
            for (int i = 0; i < 300; i++) {
                batch.appendValues(Arrays.asList(random.nextInt(10) == 0 ? null : value(random, type)), 1);
            }
            RowJsonWriter writer = new RowJsonWriter(schema);
            TextBuffer text = new TextBuffer(16);
            for (int i = 0; i < batch.count(); i++) {
                text.clear();
                writer.array(batch, i, text);
                byte[] json = text.toByteArray();
                assertThat(Json.skipValue(json, 0, json.length))
                        .as(text.toString())
                        .isEqualTo(json.length);
                Object back = reader.boxed(json, 1, json.length - 1, type);
                assertThat(shown(back))
                        .as("seed %d type %s row %s", seed, type, text)
                        .isEqualTo(shown(batch.row(i).getFirst()));
            }
        }
    }

    @Test
    void rowsLookAsTheContractSays() {
        Schema schema = Schema.of(
                new ColumnInfo("id", BIGINT),
                new ColumnInfo("the \"name\"", ColumnType.of(SqlType.VARCHAR)),
                new ColumnInfo("d", ColumnType.of(SqlType.DOUBLE)),
                new ColumnInfo("ts", ColumnType.of(SqlType.TIMESTAMP)),
                new ColumnInfo("tz", ColumnType.of(SqlType.TIMESTAMPTZ)),
                new ColumnInfo("m", ColumnType.decimal(20, 2)),
                new ColumnInfo("b", ColumnType.of(SqlType.VARBINARY)));
        Batch batch = new Batch(schema);
        batch.appendValues(
                Arrays.asList(
                        9_007_199_254_740_993L,
                        utf8("a,\"b\"\n\u0001"),
                        1.5,
                        978_310_020_000L,
                        978_310_020_120L,
                        new BigDecimal("1E+3").setScale(2),
                        utf8("hi")),
                1);
        batch.appendValues(Arrays.asList(null, utf8(""), Double.NaN, null, null, null, null), 1);
        TextBuffer text = new TextBuffer(1);
        new RowJsonWriter(schema).object(batch, 0, text);
        text.put('\n');
        new RowJsonWriter(schema).array(batch, 1, text);
        assertThat(text.toString())
                .isEqualTo("{\"id\":9007199254740993,\"the \\\"name\\\"\":\"a,\\\"b\\\"\\n\\u0001\",\"d\":1.5,"
                        + "\"ts\":\"2001-01-01 00:47:00\",\"tz\":\"2001-01-01T00:47:00.120Z\",\"m\":1000.00,\"b\":\"aGk=\"}\n"
                        + "[null,\"\",\"NaN\",null,null,null,null]");
        text.clear();
        RowCsvWriter csv = new RowCsvWriter(schema);
        csv.header(text);
        csv.row(batch, 0, text);
        csv.row(batch, 1, text);
        assertThat(text.toString())
                .isEqualTo("id,\"the \"\"name\"\"\",d,ts,tz,m,b\r\n"
                        + "9007199254740993,\"a,\"\"b\"\"\n\u0001\",1.5,2001-01-01 00:47:00,2001-01-01T00:47:00.120Z,1000.00,aGk=\r\n"
                        + ",\"\",NaN,,,,\r\n");
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 6})
    void doublesAreWrittenAsTheJdkWritesThem(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Double> values = new ArrayList<>(List.of(0.0, -0.0, 0.001, 0.0009, 9_999_999.999, 1e7, 0.1 + 0.2, 1.0005));
        for (int i = 0; i < 20_000; i++) {
            values.add(random.nextInt(-2_000_000, 2_000_000) / Math.pow(10, random.nextInt(6)));
        }
        for (double value : values) {
            TextBuffer text = new TextBuffer(8);
            text.number(value, false);
            assertThat(text.toString()).as("seed %d", seed).isEqualTo(Double.toString(value));
        }
    }

    @Test
    void longsAreWrittenAtEveryLength() {
        for (long base : new long[] {
            0, 1, 9, 10, 99, 100, Integer.MAX_VALUE, Integer.MAX_VALUE + 1L, Long.MAX_VALUE, Long.MIN_VALUE
        }) {
            for (long value : new long[] {base - 1, base, base + 1, -base}) {
                TextBuffer text = new TextBuffer(1);
                text.number(value);
                assertThat(text.toString()).isEqualTo(Long.toString(value));
            }
        }
    }
}
