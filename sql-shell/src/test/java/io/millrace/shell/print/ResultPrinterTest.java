package io.millrace.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.SqlResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResultPrinterTest {
    private static final List<Column> COLUMNS = List.of(
            new Column("id", "BIGINT"),
            new Column("item", "VARCHAR"),
            new Column("amount", "DECIMAL(12,2)"),
            new Column("tags", "VARCHAR ARRAY"));

    private static List<@Nullable Object> row(@Nullable Object... cells) {
        return Arrays.asList(cells);
    }

    private static final List<List<@Nullable Object>> ROWS = List.of(
            row(1L, "tea", new BigDecimal("12.50"), List.of("hot", "green")),
            row(9007199254740993L, "日本茶 with \"quotes\", and commas", null, List.of()),
            row(3L, "two\nlines\tand \u001b[31mred", new BigDecimal("0.10"), null),
            row(null, "", new BigDecimal("1E+3"), List.of(Map.of("a", 1L))));

    private static final SqlResult RESULT = new SqlResult(COLUMNS, ROWS, Frontier.EMPTY, Optional.empty(), 1);

    private static String print(SqlResult result, OutputFormat format, int width, Palette palette, Borders borders) {
        StringWriter text = new StringWriter();
        new ResultPrinter(new PrintWriter(text), new PrintSettings(format, width, palette, borders, true))
                .print(result);
        return text.toString();
    }

    private static String golden(String name) throws IOException {
        try (InputStream in = ResultPrinterTest.class.getResourceAsStream("/golden/" + name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "table-wide.txt, TABLE, 200, PLAIN, UNICODE",
        "table-narrow.txt, TABLE, 50, PLAIN, UNICODE",
        "table-ascii.txt, TABLE, 60, PLAIN, ASCII",
        "table-colours.txt, TABLE, 60, ANSI, UNICODE",
        "too-narrow.txt, TABLE, 30, PLAIN, UNICODE",
        "vertical.txt, VERTICAL, 80, PLAIN, UNICODE",
        "rows.csv, CSV, 80, PLAIN, UNICODE",
        "rows.json, JSON, 80, PLAIN, UNICODE",
        "rows.ndjson, NDJSON, 80, PLAIN, UNICODE"
    })
    void resultsLookLikeTheCheckedInOnes(String file, OutputFormat format, int width, Palette palette, Borders borders)
            throws IOException {
        assertThat(print(RESULT, format, width, palette, borders)).isEqualTo(golden(file));
    }

    @ParameterizedTest
    @CsvSource({"40", "45", "50", "60", "80", "120"})
    void noLineIsWiderThanTheScreen(int width) {
        assertThat(print(RESULT, OutputFormat.TABLE, width, Palette.PLAIN, Borders.UNICODE)
                        .lines())
                .allSatisfy(line -> assertThat(DisplayWidth.of(line)).isLessThanOrEqualTo(width));
    }

    @ParameterizedTest
    @CsvSource({"33, true", "32, false"})
    void fourColumnsNeedFiveCharactersEachAndTheirBorders(int width, boolean fits) {
        // 4 columns of 5, 3 more for each and one at the end
        assertThat(TableLayout.fit(COLUMNS, ROWS, width, Palette.PLAIN, Borders.UNICODE))
                .matches(layout -> layout.isPresent() == fits);
    }

    @Test
    void nothingFromTheDataSteersTheTerminal() {
        for (OutputFormat format : List.of(OutputFormat.TABLE, OutputFormat.VERTICAL)) {
            assertThat(print(RESULT, format, 200, Palette.PLAIN, Borders.UNICODE))
                    .doesNotContain("\u001b");
        }
    }

    @Test
    void anEmptyResultIsStillAResult() {
        SqlResult empty = new SqlResult(COLUMNS, List.of(), Frontier.EMPTY, Optional.empty(), 1);
        assertThat(print(empty, OutputFormat.TABLE, 80, Palette.PLAIN, Borders.UNICODE))
                .endsWith("(0 rows)\n");
        assertThat(print(empty, OutputFormat.JSON, 80, Palette.PLAIN, Borders.UNICODE))
                .isEqualTo("[]\n");
        assertThat(print(empty, OutputFormat.NDJSON, 80, Palette.PLAIN, Borders.UNICODE))
                .isEmpty();
    }

    @Test
    void aStatementWithoutRowsSaysThatItIsDoneToPeopleOnly() {
        SqlResult done = new SqlResult(List.of(), List.of(), Frontier.EMPTY, Optional.of("Stream created."), 1);
        assertThat(print(done, OutputFormat.TABLE, 80, Palette.PLAIN, Borders.UNICODE))
                .isEqualTo("Stream created.\n");
        assertThat(print(done, OutputFormat.NDJSON, 80, Palette.PLAIN, Borders.UNICODE))
                .isEmpty();
    }

    @Test
    void aMessageBesideRowsIsShownWhenItSaysSomething() {
        SqlResult tagged = new SqlResult(COLUMNS, List.of(), Frontier.EMPTY, Optional.of("SELECT"), 1);
        assertThat(print(tagged, OutputFormat.TABLE, 80, Palette.PLAIN, Borders.UNICODE))
                .doesNotContain("SELECT");
        SqlResult told = new SqlResult(COLUMNS, List.of(), Frontier.EMPTY, Optional.of("Columns were inferred."), 1);
        assertThat(print(told, OutputFormat.TABLE, 80, Palette.PLAIN, Borders.UNICODE))
                .startsWith("Columns were inferred.\n");
    }

    @Test
    void columnsOfTheSameNameKeepTheirValues() {
        SqlResult twice = new SqlResult(
                List.of(new Column("n", "BIGINT"), new Column("n", "BIGINT")),
                List.of(row(1L, 2L)),
                Frontier.EMPTY,
                Optional.empty(),
                1);
        assertThat(print(twice, OutputFormat.NDJSON, 80, Palette.PLAIN, Borders.UNICODE))
                .isEqualTo("{\"n\":1,\"n_2\":2}\n");
    }

    @ParameterizedTest
    @CsvSource({"NDJSON", "CSV", "TABLE"})
    void changesArePrintedOneByOne(OutputFormat format) {
        StringWriter text = new StringWriter();
        ResultPrinter printer = new ResultPrinter(
                new PrintWriter(text), new PrintSettings(format, 80, Palette.PLAIN, Borders.UNICODE, true));
        printer.changes(List.of(new Column("item", "VARCHAR"), new Column("n", "BIGINT")))
                .print(List.of(
                        new ChangeEvent.Change(-1, row("a,b", 1L)),
                        new ChangeEvent.Change(1, row("a,b", null)),
                        new ChangeEvent.Change(3, row("c", 2L))));
        assertThat(text.toString())
                .isEqualTo(
                        switch (format) {
                            case NDJSON ->
                                "{\"weight\":-1,\"row\":{\"item\":\"a,b\",\"n\":1}}\n"
                                        + "{\"weight\":1,\"row\":{\"item\":\"a,b\",\"n\":null}}\n"
                                        + "{\"weight\":3,\"row\":{\"item\":\"c\",\"n\":2}}\n";
                            case CSV -> "weight,item,n\n-1,\"a,b\",1\n1,\"a,b\",\n3,c,2\n";
                            case TABLE -> "-  a,b │ 1\n+  a,b │ NULL\n+3  c │ 2\n";
                            case VERTICAL, JSON -> "not in this test";
                        });
    }

    @ParameterizedTest
    @CsvSource({"abc, 3, abc", "abcd, 3, ab…", "日本茶, 6, 日本茶", "日本茶, 5, 日本…", "日本茶, 4, 日…", "é́x, 2, é́x", "abc, 1, …"})
    void clippingCountsColumnsOfTheScreen(String text, int width, String expected) {
        String clipped = DisplayWidth.clip(text, width, "…");
        assertThat(clipped).isEqualTo(expected);
        assertThat(DisplayWidth.of(clipped)).isLessThanOrEqualTo(width);
    }
}
