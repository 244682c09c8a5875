package io.millrace.query.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.RecordHeader;
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
import io.millrace.query.plan.SourceSpec.WatermarkSpec;
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

class SourceReaderTest {
    private static final SourceColumn ID = field("id", SqlType.BIGINT, "id");
    private static final SourceColumn TS = field("ts", SqlType.TIMESTAMP, "ts");
    private static final SourceColumn OFFSET =
            new SourceColumn("_offset", ColumnType.of(SqlType.BIGINT), Origin.OFFSET, List.of());
    private static final SourceColumn REASON =
            new SourceColumn("_reason", ColumnType.of(SqlType.VARCHAR), Origin.REASON, List.of());
    private static final SourceColumn WATERMARK =
            new SourceColumn("_watermark", ColumnType.of(SqlType.TIMESTAMP), Origin.WATERMARK, List.of());

    private static SourceColumn field(String name, SqlType type, String path) {
        return new SourceColumn(name, ColumnType.of(type), Origin.FIELD, List.of(path));
    }

    private static SourceSpec spec(
            Format format, List<SourceColumn> columns, @Nullable WatermarkSpec watermark, Side side, Integer... key) {
        return new SourceSpec("s", "s", format, Map.of(), columns, watermark, side, List.of(key));
    }

    private static Batch batch(SourceSpec spec) {
        return new Batch(new Schema(spec.columns().stream()
                .map(column -> new ColumnInfo(column.name(), column.type()))
                .toList()));
    }

    private static Batch readAll(SourceSpec spec, MemoryRecords records) throws Exception {
        Batch batch = batch(spec);
        try (SourceReader reader = SourceReaders.open(spec, records, 3)) {
            while (reader.read(batch, Long.MAX_VALUE, 7) > 0) {
                // go on
            }
        }
        assertThat(records.closed()).isTrue();
        return batch;
    }

    private static List<@Nullable Object> row(Batch batch, int row) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Object value : batch.row(row)) {
            values.add(value instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : value);
        }
        return values;
    }

    private static List<List<@Nullable Object>> rows(Batch batch) {
        List<List<@Nullable Object>> rows = new ArrayList<>();
        for (int i = 0; i < batch.count(); i++) {
            rows.add(row(batch, i));
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void watermarkLateAndBadRowsEqualANaiveRecomputationHoweverReadingIsCut(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        long delay = random.nextInt(50);
        MemoryRecords records = new MemoryRecords(10);
        List<List<@Nullable Object>> good = new ArrayList<>();
        List<List<@Nullable Object>> late = new ArrayList<>();
        List<Long> bad = new ArrayList<>();
        List<Long> watermarks = new ArrayList<>();
        long greatest = Long.MIN_VALUE;
        for (long i = 0; i < 600; i++) {
            long ts = i + random.nextInt(-100, 100);
            long watermark = greatest == Long.MIN_VALUE ? Long.MIN_VALUE : greatest - delay;
            switch (random.nextInt(12)) {
                case 0 -> {
                    records.add((String) null, "{\"id\":" + i + ",\"ts\":\"soon\"}");
                    bad.add(i);
                }
                case 1 -> {
                    records.add((String) null, "{\"id\":" + i + ",\"ts\":null}");
                    good.add(Arrays.asList(i, null, i));
                }
                default -> {
                    records.add((String) null, "{\"id\":" + i + ",\"ts\":" + ts + "}");
                    if (ts < watermark) {
                        late.add(Arrays.asList(i, ts, i, "late by " + (watermark - ts) + " ms", watermark));
                    } else {
                        good.add(Arrays.asList(i, ts, i));
                        greatest = Math.max(greatest, ts);
                    }
                }
            }
            watermarks.add(greatest == Long.MIN_VALUE ? Long.MIN_VALUE : greatest - delay);
        }
        WatermarkSpec watermark = new WatermarkSpec(1, delay);
        SourceSpec goodSpec = spec(Format.JSON, List.of(ID, TS, OFFSET), watermark, Side.GOOD);
        Batch found = batch(goodSpec);
        try (SourceReader reader = SourceReaders.open(goodSpec, records.again(random.nextInt(1, 40)), 0)) {
            long end = 0;
            while (reader.position() < 600) {
                end = Math.min(600, Math.max(end, reader.position() + random.nextInt(1, 60)));
                long before = reader.position();
                int consumed = reader.read(found, random.nextBoolean() ? end : end + 30, random.nextInt(1, 25));
                assertThat(reader.position()).as("seed %d", seed).isEqualTo(before + consumed);
                if (reader.position() > 0) {
                    assertThat(reader.watermarkMs())
                            .as("seed %d at %d", seed, reader.position())
                            .isEqualTo(watermarks.get((int) reader.position() - 1));
                }
            }
            assertThat(reader.lateCount()).isEqualTo(late.size());
            assertThat(reader.badCount()).isEqualTo(bad.size());
        }
        assertThat(rows(found)).as("seed %d", seed).isEqualTo(good);
        assertThat(rows(readAll(
                        spec(Format.JSON, List.of(ID, TS, OFFSET, REASON, WATERMARK), watermark, Side.LATE),
                        records.again(17))))
                .as("seed %d", seed)
                .isEqualTo(late);
        assertThat(rows(readAll(
                        new SourceSpec(
                                "s",
                                "s",
                                Format.JSON,
                                Map.of(),
                                List.of(OFFSET),
                                null,
                                Side.BAD,
                                List.of(),
                                List.of(ID, TS)),
                        records.again(3))))
                .as("seed %d", seed)
                .isEqualTo(bad.stream().map(List::of).toList());
    }

    @Test
    void aReaderStopsBeforeTheEndOffsetAlsoWhenItIsSmallerThanTheLastOne() throws Exception {
        MemoryRecords records = new MemoryRecords(100);
        for (int i = 0; i < 20; i++) {
            records.add((String) null, "{\"id\":" + i + "}");
        }
        SourceSpec spec = spec(Format.JSON, List.of(ID), null, Side.GOOD);
        Batch batch = batch(spec);
        try (SourceReader reader = SourceReaders.open(spec, records, 0)) {
            assertThat(reader.read(batch, 20, 5)).isEqualTo(5);
            assertThat(reader.read(batch, 8, 100)).isEqualTo(3);
            assertThat(reader.read(batch, 8, 100)).isZero();
            assertThat(reader.position()).isEqualTo(8);
            assertThat(reader.read(batch, 9, 100)).isEqualTo(1);
            assertThat(reader.read(batch, 20, 100)).isEqualTo(11);
            assertThat(reader.read(batch, 20, 100)).isZero();
            assertThat(reader.position()).isEqualTo(20);
        }
        assertThat(batch.count()).isEqualTo(20);
    }

    @Test
    void pseudoColumnsComeFromTheRecord() throws Exception {
        List<SourceColumn> columns = List.of(
                ID,
                new SourceColumn("_key", ColumnType.of(SqlType.VARBINARY), Origin.KEY, List.of()),
                OFFSET,
                new SourceColumn("_partition", ColumnType.of(SqlType.INTEGER), Origin.PARTITION, List.of()),
                new SourceColumn("_timestamp", ColumnType.of(SqlType.TIMESTAMPTZ), Origin.TIMESTAMP, List.of()),
                new SourceColumn(
                        "_headers", ColumnType.map(ColumnType.of(SqlType.VARBINARY)), Origin.HEADERS, List.of()),
                new SourceColumn("_value", ColumnType.of(SqlType.VARBINARY), Origin.VALUE, List.of()));
        MemoryRecords records = new MemoryRecords(2)
                .add((String) null, "{}")
                .add("k", "{\"id\":5}", new RecordHeader("h", new byte[] {1, 2}));

        Batch batch = readAll(spec(Format.JSON, columns, null, Side.GOOD), records);

        assertThat(row(batch, 0)).containsExactly(null, null, 0L, 3L, 1_000_000L, Map.of(), "{}");
        assertThat(row(batch, 1).subList(0, 5)).containsExactly(5L, "k", 1L, 3L, 1_000_001L);
        assertThat((byte[]) ((Map<?, ?>) batch.objects(5).get(1)).get("h")).containsExactly(1, 2);
        assertThat(row(batch, 1).get(6)).isEqualTo("{\"id\":5}");
    }

    @Test
    void tombstonesOfATableRemoveTheRowOfTheirKey() throws Exception {
        SourceColumn name = field("name", SqlType.VARCHAR, "name");
        MemoryRecords records = new MemoryRecords(10)
                .add("7", "{\"id\":7,\"name\":\"x\"}")
                .add("7", null)
                .add("seven", null)
                .add((String) null, null)
                .add("8", "{\"name\":\"no key\"}");

        Batch one = readAll(spec(Format.JSON, List.of(ID, name), null, Side.GOOD, 0), records);
        Batch bad = readAll(
                new SourceSpec(
                        "s", "s", Format.JSON, Map.of(), List.of(ID, OFFSET, REASON), null, Side.BAD, List.of(0)),
                records.again(2));

        assertThat(rows(one)).containsExactly(List.of(7L, "x"), Arrays.asList(7L, null));
        assertThat(one.weight(0)).isEqualTo(1);
        assertThat(one.weight(1)).isEqualTo(-1);
        assertThat(bad.count()).isEqualTo(3);
        assertThat(row(bad, 2)).containsExactly(null, 4L, "primary key column 'id' is missing or null");
    }

    @Test
    void keysOfSeveralColumnsAreJsonArrays() throws Exception {
        SourceColumn name = field("name", SqlType.VARCHAR, "name");
        MemoryRecords records = new MemoryRecords(10)
                .add("[\"a\\n\", 7]", null)
                .add("[\"a\"]", null)
                .add("a", null);

        Batch batch = readAll(spec(Format.JSON, List.of(ID, OFFSET, name), null, Side.GOOD, 2, 0), records);

        assertThat(rows(batch)).containsExactly(List.of(7L, 0L, "a\n"));
        assertThat(batch.weight(0)).isEqualTo(-1);
    }

    @Test
    void changesCarryTheirWeightInAHeader() throws Exception {
        MemoryRecords records = new MemoryRecords(10)
                .add((String) null, "{\"id\":1}")
                .add((String) null, "{\"id\":1}", new RecordHeader("weight", "-2".getBytes(StandardCharsets.UTF_8)))
                .add((String) null, "{\"id\":2}", new RecordHeader("weight", "x".getBytes(StandardCharsets.UTF_8)));

        Batch batch = readAll(spec(Format.CHANGES, List.of(ID), null, Side.GOOD), records);

        assertThat(rows(batch)).containsExactly(List.of(1L), List.of(1L));
        assertThat(batch.weight(1)).isEqualTo(-2);
    }

    @Test
    void textAndBytesAreOneColumn() throws Exception {
        MemoryRecords records = new MemoryRecords(10).add((String) null, "häh").add(null, new byte[] {(byte) 0xFF});

        assertThat(rows(readAll(
                        spec(Format.TEXT, List.of(field("value", SqlType.VARCHAR, "value")), null, Side.GOOD),
                        records)))
                .containsExactly(List.of("häh"));
        assertThat(readAll(
                                spec(
                                        Format.BYTES,
                                        List.of(field("value", SqlType.VARBINARY, "value")),
                                        null,
                                        Side.GOOD),
                                records.again(1))
                        .count())
                .isEqualTo(2);
    }

    @Test
    void csvLinesAreSplitAsRfc4180Says() throws Exception {
        List<SourceColumn> columns = List.of(
                field("id", SqlType.BIGINT, "0"),
                field("name", SqlType.VARCHAR, "1"),
                field("ts", SqlType.TIMESTAMP, "3"));
        MemoryRecords records = new MemoryRecords(10)
                .add((String) null, "1,plain,x,2001-01-01 00:00:01\r\n")
                .add((String) null, "2,\"quo\"\"ted, with\nlines\",x,1000")
                .add((String) null, "3,\"\"")
                .add((String) null, ",,,,,,")
                .add((String) null, "x,y")
                .add((String) null, "1,\"open")
                .add((String) null, "1,\"a\"b")
                .add((String) null, "1,a\"b");

        Batch good = readAll(spec(Format.CSV, columns, null, Side.GOOD), records);

        assertThat(rows(good))
                .containsExactly(
                        List.of(1L, "plain", 978_307_201_000L),
                        List.of(2L, "quo\"ted, with\nlines", 1000L),
                        Arrays.asList(3L, "", null),
                        Arrays.asList(null, null, null));
        Batch bad = readAll(
                new SourceSpec("s", "s", Format.CSV, Map.of(), List.of(REASON), null, Side.BAD, List.of(), columns),
                records.again(2));
        assertThat(rows(bad))
                .containsExactly(
                        List.of("column 'id': 'x' is no BIGINT"),
                        List.of("a quoted field does not end"),
                        List.of("text after the closing quote of a field"),
                        List.of("a quote or line end inside a field without quotes"));
    }

    @Test
    void columnsAreInferredFromWhatRecordsHold() throws Exception {
        MemoryRecords records = new MemoryRecords(2)
                .add(
                        (String) null,
                        "{\"id\":1,\"price\":1,\"at\":\"2001-01-01 00:00:00\",\"name\":\"x\",\"ok\":true,\"day\":\"2001-01-01\"}")
                .add((String) null, "not json")
                .add((String) null, "[1]")
                .add((String) null, null)
                .add(
                        (String) null,
                        "{\"id\":2,\"price\":1.5,\"at\":\"2001-01-01T00:00:00Z\",\"name\":\"2001-01-01\",\"mix\":1,\"none\":null}")
                .add(
                        (String) null,
                        "{\"mix\":\"a\",\"o\":{\"p\":1,\"q\":[1,2.5]},\"o2\":{},\"huge\":99999999999999999999,\"e\":[]}")
                .add((String) null, "{\"o\":{\"r\":\"x\",\"p\":null}}");

        List<String> found = Inference.infer(List.of(records)).stream()
                .map(column -> column.name() + " " + column.type())
                .toList();

        assertThat(found)
                .containsExactly(
                        "id BIGINT",
                        "price DOUBLE",
                        "at TIMESTAMP(3)",
                        "name VARCHAR",
                        "ok BOOLEAN",
                        "day DATE",
                        "mix JSON",
                        "none VARCHAR",
                        "o ROW(p BIGINT, q DOUBLE ARRAY, r VARCHAR)",
                        "o2 JSON",
                        "huge DOUBLE",
                        "e VARCHAR ARRAY");
        assertThat(Inference.infer(List.of(new MemoryRecords(2)))).isEmpty();
        assertThat(Inference.infer(List.of())).isEmpty();
    }

    @Test
    void everyPartitionHasItsSayInTheColumns() throws Exception {
        MemoryRecords text = new MemoryRecords(2).add((String) null, "not json");
        MemoryRecords full = new MemoryRecords(2);
        for (int i = 0; i < Inference.RECORDS_MAX + 5; i++) {
            full.add((String) null, "{\"a\":1}");
        }
        MemoryRecords last = new MemoryRecords(2).add((String) null, "{\"a\":1.5,\"b\":true}");

        assertThat(Inference.infer(List.of(text, full, last)))
                .extracting(column -> column.name() + " " + column.type())
                .containsExactly("a DOUBLE", "b BOOLEAN");
    }
}
