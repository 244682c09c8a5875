package io.millrace.shell.print;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.JsonText;
import io.millrace.client.SqlResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Writes whole results, and the changes of continuous queries as they come.
public final class ResultPrinter {
    private final PrintWriter out;
    private final PrintSettings settings;

    public ResultPrinter(PrintWriter out, PrintSettings settings) {
        this.out = out;
        this.settings = settings;
    }

    /// A statement without columns prints its message, if it has one, except where a program reads.
    public void print(SqlResult result) {
        List<Column> columns = result.columns();
        switch (settings.format()) {
            case TABLE, VERTICAL -> {
                if (columns.isEmpty()) {
                    out.println(result.message().orElse("OK"));
                } else {
                    // with rows, a word such as SELECT says nothing, and a sentence does
                    result.message()
                            .filter(message -> message.indexOf(' ') > 0)
                            .ifPresent(message -> out.println(settings.palette().dim(message)));
                    printForPeople(columns, result.rows());
                }
            }
            case CSV -> {
                if (!columns.isEmpty()) {
                    out.println(csv(columns.stream().map(Column::name).toList()));
                    result.rows().forEach(row -> out.println(csv(row)));
                }
            }
            case JSON -> {
                List<String> names = names(columns);
                out.print('[');
                String separator = "\n  ";
                for (List<@Nullable Object> row : result.rows()) {
                    out.print(separator);
                    out.print(JsonText.write(object(names, row)));
                    separator = ",\n  ";
                }
                out.println(result.rows().isEmpty() ? "]" : "\n]");
            }
            case NDJSON -> {
                List<String> names = names(columns);
                result.rows().forEach(row -> out.println(JsonText.write(object(names, row))));
            }
        }
        out.flush();
    }

    private void printForPeople(List<Column> columns, List<List<@Nullable Object>> rows) {
        Optional<TableLayout> layout = settings.format() == OutputFormat.TABLE
                ? TableLayout.fit(columns, rows, settings.width(), settings.palette(), settings.borders())
                : Optional.empty();
        if (layout.isPresent()) {
            TableLayout table = layout.get();
            table.header().forEach(out::println);
            rows.forEach(row -> out.println(table.row(row)));
            out.println(table.footer());
        } else {
            long number = 1;
            for (List<@Nullable Object> row : rows) {
                vertical(columns, row, "row " + number++);
            }
        }
        if (settings.rowCount()) {
            out.println(settings.palette().dim(rows.size() == 1 ? "(1 row)" : "(" + rows.size() + " rows)"));
        }
    }

    private void vertical(List<Column> columns, List<@Nullable Object> row, String title) {
        int nameWidth = columns.stream()
                .mapToInt(column -> DisplayWidth.of(Cells.visible(column.name())))
                .max()
                .orElse(0);
        String dash = String.valueOf(settings.borders().horizontal);
        out.println(settings.palette().dim(dash.repeat(3) + " " + title + " " + dash.repeat(Math.max(3, nameWidth))));
        for (int column = 0; column < columns.size(); column++) {
            Object cell = column < row.size() ? row.get(column) : null;
            String name = DisplayWidth.pad(Cells.visible(columns.get(column).name()), nameWidth, false);
            String text = Cells.text(cell);
            out.println(settings.palette().heading(name) + " "
                    + settings.palette().dim(String.valueOf(settings.borders().vertical)) + " "
                    + (cell == null ? settings.palette().dim(text) : text));
        }
    }

    /// Begins a continuous query's output. Only the CSV form has a beginning of its own.
    public ChangePrinter changes(List<Column> columns) {
        return new ChangePrinter(columns);
    }

    /// Prints changes one by one; used where nothing can be drawn in place.
    public final class ChangePrinter {
        private final List<Column> columns;
        private final List<String> names;

        private ChangePrinter(List<Column> columns) {
            this.columns = columns;
            this.names = names(columns);
            if (settings.format() == OutputFormat.CSV) {
                List<Object> heading = new ArrayList<>(List.of("weight"));
                heading.addAll(columns.stream().map(Column::name).toList());
                out.println(csv(heading));
                out.flush();
            }
        }

        public void print(List<ChangeEvent.Change> changes) {
            for (ChangeEvent.Change change : changes) {
                switch (settings.format()) {
                    case TABLE -> out.println(line(change));
                    case VERTICAL -> vertical(columns, change.row(), weight(change));
                    case CSV -> {
                        List<@Nullable Object> cells = new ArrayList<>();
                        cells.add(change.weight());
                        cells.addAll(change.row());
                        out.println(csv(cells));
                    }
                    case JSON, NDJSON -> {
                        Map<String, @Nullable Object> object = new LinkedHashMap<>();
                        object.put("weight", change.weight());
                        object.put("row", object(names, change.row()));
                        out.println(JsonText.write(object));
                    }
                }
            }
            out.flush();
        }

        private String line(ChangeEvent.Change change) {
            StringBuilder line = new StringBuilder(weight(change));
            String separator = "  ";
            for (Object cell : change.row()) {
                line.append(separator).append(Cells.text(cell));
                separator = " " + settings.borders().vertical + " ";
            }
            return line.toString();
        }

        private String weight(ChangeEvent.Change change) {
            return change.weight() == 1 ? "+" : change.weight() == -1 ? "-" : String.format("%+d", change.weight());
        }
    }

    /// Names for the fields of an object. A name that columns share gets a number, so that no value is lost.
    private static List<String> names(List<Column> columns) {
        List<String> names = new ArrayList<>();
        for (Column column : columns) {
            String name = column.name();
            for (int number = 2; names.contains(name); number++) {
                name = column.name() + "_" + number;
            }
            names.add(name);
        }
        return names;
    }

    private static Map<String, @Nullable Object> object(List<String> names, List<@Nullable Object> row) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (int column = 0; column < names.size(); column++) {
            object.put(names.get(column), column < row.size() ? row.get(column) : null);
        }
        return object;
    }

    /// One line after RFC 4180: null is empty, an empty text is `""`.
    private static String csv(List<? extends @Nullable Object> cells) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.size(); column++) {
            if (column > 0) {
                line.append(',');
            }
            Object cell = cells.get(column);
            if (cell != null) {
                String text = cell instanceof String string
                        ? string
                        : cell instanceof Map<?, ?> || cell instanceof List<?>
                                ? JsonText.write(cell)
                                : Cells.text(cell);
                boolean quote =
                        text.isEmpty() || text.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
                line.append(quote ? '"' + text.replace("\"", "\"\"") + '"' : text);
            }
        }
        return line.toString();
    }
}
