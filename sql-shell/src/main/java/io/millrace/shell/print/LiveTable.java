package io.millrace.shell.print;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a continuous query has answered so far, and pictures of it that fit a screen.
///
/// Applies weights: a row is there while the weights of its changes sum to more than zero. Queries that only
/// add rows are shown like a log, the newest last. Others are shown like a table: the rows that changed last,
/// in the order of their cells, so that a group stays in its place while its numbers change.
///
/// Keeps at most [#ROWS_MAX] rows; what changed longest ago is forgotten first. The count of rows stays exact.
///
/// Threading: one thread.
public final class LiveTable {
    static final int ROWS_MAX = 20_000;
    private static final long FRESH_NANOS = 700_000_000L;
    private static final long RATE_WINDOW_NANOS = 3_000_000_000L;

    private static final class Entry {
        private final List<@Nullable Object> row;
        private long weight;
        private long changedNanos;

        Entry(List<@Nullable Object> row) {
            this.row = row;
        }
    }

    private record Sample(long nanos, long changes) {}

    private final long startNanos;
    private final int rowsMax;
    // the least recently changed first
    private final LinkedHashMap<List<@Nullable Object>, Entry> rows = new LinkedHashMap<>();
    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private List<Column> columns = List.of();
    private Frontier frontier = Frontier.EMPTY;
    private Optional<String> watermark = Optional.empty();
    private long rowCount;
    private long changeCount;
    private boolean retracts;
    private boolean forgot;
    private int[] widths = {};

    /// @param nowNanos [System#nanoTime] at the start of the query
    public LiveTable(long nowNanos) {
        this(nowNanos, ROWS_MAX);
    }

    /// @param rowsMax how many rows to keep at most, instead of [#ROWS_MAX]
    public LiveTable(long nowNanos, int rowsMax) {
        this.startNanos = nowNanos;
        this.rowsMax = rowsMax;
    }

    public void apply(ChangeEvent event, long nowNanos) {
        switch (event) {
            case ChangeEvent.Columns(List<Column> all) -> columns = all;
            case ChangeEvent.Changes(List<ChangeEvent.Change> changes, Frontier reached) -> {
                for (ChangeEvent.Change change : changes) {
                    apply(change, nowNanos);
                }
                changeCount += changes.size();
                samples.add(new Sample(nowNanos, changes.size()));
                if (!reached.isEmpty()) {
                    frontier = reached;
                }
            }
            case ChangeEvent.Progress(Frontier reached, Optional<String> time) -> {
                if (!reached.isEmpty()) {
                    frontier = reached;
                }
                if (time.isPresent()) {
                    watermark = time;
                }
            }
        }
    }

    private void apply(ChangeEvent.Change change, long nowNanos) {
        rowCount += change.weight();
        retracts |= change.weight() < 0;
        Entry entry = rows.remove(change.row());
        if (entry == null) {
            if (change.weight() < 0 && forgot) {
                return; // most likely one of those that were forgotten
            }
            entry = new Entry(change.row());
        }
        entry.weight += change.weight();
        entry.changedNanos = nowNanos;
        if (entry.weight != 0) {
            rows.put(change.row(), entry); // at the end: changed last
        }
        if (rows.size() > rowsMax) {
            Iterator<?> oldest = rows.entrySet().iterator();
            oldest.next();
            oldest.remove();
            forgot = true;
        }
    }

    public List<Column> columns() {
        return columns;
    }

    /// The sum of all weights.
    public long rowCount() {
        return rowCount;
    }

    public long changeCount() {
        return changeCount;
    }

    public Frontier frontier() {
        return frontier;
    }

    /// The rows that are there, in the order of their cells, each as often as it is there. Whole only if it
    /// never held more than [#ROWS_MAX] rows.
    public List<List<@Nullable Object>> sortedRows() {
        List<List<@Nullable Object>> all = new ArrayList<>();
        for (Entry entry : rows.values()) {
            for (long copy = 0; copy < entry.weight; copy++) {
                all.add(entry.row);
            }
        }
        all.sort(LiveTable::compareRows);
        return all;
    }

    /// A picture of at most `height` lines of at most `width` columns.
    ///
    /// @param title above the table, or empty for none
    public List<String> frame(String title, int width, int height, Palette palette, Borders borders, long nowNanos) {
        List<String> lines = new ArrayList<>();
        if (!title.isEmpty()) {
            lines.add(palette.heading(DisplayWidth.clip(title, width, borders.ellipsis)));
        }
        int room = height - lines.size() - 6; // header 3, footer 1, status 2
        List<Entry> shown = columns.isEmpty() ? List.of() : newest(Math.max(1, room));
        if (!columns.isEmpty()) {
            List<List<@Nullable Object>> cells =
                    shown.stream().map(entry -> entry.row).toList();
            Optional<TableLayout> fitted = TableLayout.fit(columns, cells, width, palette, borders, widths)
                    .or(() -> TableLayout.fit(columns, cells, width, palette, borders));
            if (fitted.isPresent()) {
                TableLayout table = fitted.get();
                widths = table.widths();
                lines.addAll(table.header());
                for (Entry entry : shown) {
                    for (long copy = 0; copy < Math.min(entry.weight, room) && lines.size() < height - 3; copy++) {
                        lines.add(table.row(entry.row, nowNanos - entry.changedNanos < FRESH_NANOS));
                    }
                }
                lines.add(table.footer());
            } else {
                lines.add(palette.dim(DisplayWidth.clip(
                        "The screen is too narrow for " + columns.size() + " columns", width, borders.ellipsis)));
            }
        }
        for (String status : status(shown.size(), nowNanos)) {
            lines.add(palette.dim(DisplayWidth.clip(status, width, borders.ellipsis)));
        }
        return lines;
    }

    private List<Entry> newest(int count) {
        List<Entry> shown = new ArrayList<>();
        for (Entry entry : rows.sequencedValues().reversed()) {
            if (shown.size() == count) {
                break;
            }
            if (entry.weight > 0) {
                shown.add(entry);
            }
        }
        if (retracts) {
            shown.sort(Comparator.comparing(entry -> entry.row, LiveTable::compareRows));
        } else {
            Collections.reverse(shown);
        }
        return shown;
    }

    private List<String> status(int shownCount, long nowNanos) {
        StringBuilder counts = new StringBuilder();
        counts.append(grouped(rowCount)).append(rowCount == 1 ? " row" : " rows");
        if (shownCount < rowCount) {
            counts.append(" (").append(shownCount).append(" shown)");
        }
        counts.append(" · ").append(grouped(changeCount)).append(changeCount == 1 ? " change" : " changes");
        counts.append(" · ").append(grouped(changesPerSecond(nowNanos))).append("/s · ");
        long seconds = (nowNanos - startNanos) / 1_000_000_000L;
        counts.append(
                seconds >= 3600
                        ? String.format("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
                        : String.format("%d:%02d", seconds / 60, seconds % 60));
        StringBuilder place = new StringBuilder();
        watermark.ifPresent(time -> place.append("watermark ").append(time));
        for (Map.Entry<String, List<Long>> input : frontier.offsets().entrySet()) {
            place.append(place.isEmpty() ? "" : " · ").append(input.getKey()).append(" @ ");
            if (input.getValue().size() == 1) {
                place.append(grouped(input.getValue().getFirst()));
            } else {
                place.append(grouped(input.getValue().stream()
                                .mapToLong(Long::longValue)
                                .sum()))
                        .append(" in ")
                        .append(input.getValue().size())
                        .append(" partitions");
            }
        }
        return List.of(counts.toString(), place.isEmpty() ? "waiting for input" : place.toString());
    }

    private long changesPerSecond(long nowNanos) {
        while (!samples.isEmpty() && nowNanos - samples.getFirst().nanos > RATE_WINDOW_NANOS) {
            samples.removeFirst();
        }
        long changes = 0;
        for (Sample sample : samples) {
            changes += sample.changes;
        }
        long windowNanos = Math.max(1_000_000_000L, Math.min(RATE_WINDOW_NANOS, nowNanos - startNanos));
        return changes * 1_000_000_000L / windowNanos;
    }

    private static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /// Cell by cell; null last, numbers by value, everything else by its text.
    static int compareRows(List<@Nullable Object> left, List<@Nullable Object> right) {
        for (int column = 0; column < Math.min(left.size(), right.size()); column++) {
            int order = compareCells(left.get(column), right.get(column));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }

    private static int compareCells(@Nullable Object left, @Nullable Object right) {
        if (left == null || right == null) {
            return left == right ? 0 : left == null ? 1 : -1;
        }
        if (left instanceof Number && right instanceof Number) {
            return new java.math.BigDecimal(left.toString()).compareTo(new java.math.BigDecimal(right.toString()));
        }
        return Cells.text(left).compareTo(Cells.text(right));
    }
}
