package io.millrace.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.client.ChangeEvent;
import io.millrace.client.ChangeEvent.Change;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LiveTableTest {
    private static final List<Column> COLUMNS = List.of(new Column("item", "VARCHAR"), new Column("n", "BIGINT"));
    private static final long SECOND = 1_000_000_000L;

    private static LiveTable table() {
        LiveTable table = new LiveTable(0);
        table.apply(new ChangeEvent.Columns(COLUMNS), 0);
        return table;
    }

    private static void change(LiveTable table, long nanos, Object... weightsItemsAndNumbers) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < weightsItemsAndNumbers.length; i += 3) {
            changes.add(new Change(
                    ((Integer) weightsItemsAndNumbers[i]).longValue(),
                    List.of(weightsItemsAndNumbers[i + 1], ((Integer) weightsItemsAndNumbers[i + 2]).longValue())));
        }
        table.apply(new ChangeEvent.Changes(changes, new Frontier(Map.of("orders", List.of(nanos / SECOND)))), nanos);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void rowsAreTheSumOfAllWeights(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        LiveTable table = table();
        Map<List<Object>, Long> model = new HashMap<>();
        for (int i = 0; i < 2_000; i++) {
            List<Object> row = List.of("item" + random.nextInt(20), (long) random.nextInt(5));
            long weight = random.nextInt(5) - 2L;
            long before = model.getOrDefault(row, 0L);
            if (weight == 0 || before + weight < 0) {
                continue;
            }
            model.merge(row, weight, Long::sum);
            table.apply(new ChangeEvent.Changes(List.of(new Change(weight, List.copyOf(row))), Frontier.EMPTY), i);
        }
        Map<List<@Nullable Object>, Long> found = new HashMap<>();
        table.sortedRows().forEach(row -> found.merge(row, 1L, Long::sum));
        model.values().removeIf(weight -> weight == 0);
        assertThat(found).as("seed %d", seed).isEqualTo(model);
        assertThat(table.rowCount())
                .isEqualTo(model.values().stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void aGroupStaysInItsPlaceWhileItsNumberChanges() {
        LiveTable table = table();
        change(table, SECOND, 1, "b", 1, 1, "a", 1, 1, "c", 1);
        change(table, 2 * SECOND, -1, "b", 1, 1, "b", 2);
        assertThat(table.frame("", 40, 20, Palette.PLAIN, Borders.ASCII, 4 * SECOND))
                .containsExactly(
                        "+------+---+",
                        "| item | n |",
                        "+------+---+",
                        "| a    | 1 |",
                        "| b    | 2 |",
                        "| c    | 1 |",
                        "+------+---+",
                        "3 rows · 5 changes · 1/s · 0:04",
                        "orders @ 2");
    }

    @Test
    void rowsThatOnlyComeAreShownLikeALog() {
        LiveTable table = table();
        change(table, SECOND, 1, "z", 1);
        change(table, SECOND, 1, "a", 2);
        assertThat(table.frame("", 40, 20, Palette.PLAIN, Borders.ASCII, SECOND).subList(3, 5))
                .containsExactly("| z    | 1 |", "| a    | 2 |");
    }

    @Test
    void onlyWhatChangedLastIsShownWhenTheScreenIsSmall() {
        LiveTable table = table();
        for (int i = 0; i < 100; i++) {
            change(table, SECOND, 1, "item" + i, i);
        }
        List<String> frame = table.frame("title", 40, 12, Palette.PLAIN, Borders.ASCII, 2 * SECOND);
        assertThat(frame).hasSize(12).startsWith("title");
        assertThat(frame.subList(4, 9))
                .containsExactly(
                        "| item95 | 95 |", "| item96 | 96 |", "| item97 | 97 |", "| item98 | 98 |", "| item99 | 99 |");
        assertThat(frame.get(10)).startsWith("100 rows (5 shown) · 100 changes");
    }

    @Test
    void aFrameNeverExceedsTheScreen() {
        LiveTable table = table();
        for (int i = 0; i < 50; i++) {
            change(table, SECOND, 3, "a long name of an item that fills the line " + i, i);
        }
        for (int height = 8; height < 40; height++) {
            for (int width = 20; width < 90; width += 7) {
                List<String> frame = table.frame("", width, height, Palette.PLAIN, Borders.UNICODE, SECOND);
                assertThat(frame).hasSizeLessThanOrEqualTo(height);
                int limit = width;
                assertThat(frame)
                        .allSatisfy(line -> assertThat(DisplayWidth.of(line)).isLessThanOrEqualTo(limit));
            }
        }
    }

    @Test
    void memoryIsBoundedAndTheCountStaysExact() {
        LiveTable table = new LiveTable(0, 10);
        table.apply(new ChangeEvent.Columns(COLUMNS), 0);
        for (int i = 0; i < 1_000; i++) {
            change(table, SECOND, 1, "item" + i, i);
        }
        change(table, SECOND, -1, "item0", 0);
        assertThat(table.sortedRows()).hasSize(10);
        assertThat(table.rowCount()).isEqualTo(999);
    }

    @Test
    void theWatermarkIsShownAndTheRateCountsTheLastSeconds() {
        LiveTable table = table();
        for (int i = 0; i < 30; i++) {
            change(table, 10 * SECOND, 1, "a", i);
        }
        table.apply(
                new ChangeEvent.Progress(new Frontier(Map.of("orders", List.of(5L, 6L))), Optional.of("2026-01-01")),
                11);
        List<String> frame = table.frame("", 80, 10, Palette.PLAIN, Borders.ASCII, 11 * SECOND);
        assertThat(frame.get(frame.size() - 2)).contains("10/s").contains("0:11");
        assertThat(frame.getLast()).isEqualTo("watermark 2026-01-01 · orders @ 11 in 2 partitions");
        List<String> later = table.frame("", 80, 10, Palette.PLAIN, Borders.ASCII, 3700 * SECOND);
        assertThat(later.get(later.size() - 2)).contains(" 0/s").contains("1:01:40");
    }
}
