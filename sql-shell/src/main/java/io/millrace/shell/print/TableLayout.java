package io.millrace.shell.print;

import io.millrace.client.Column;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Column widths that fit the screen, and lines drawn with them.
///
/// Columns are as wide as their widest cell while that fits. When it does not, the widest columns give way
/// first, down to [#WIDTH_MIN]; when even that is too much there is no layout, and the caller shows the rows
/// vertically.
public final class TableLayout {
    static final int WIDTH_MIN = 5;
    private static final int MEASURED_ROWS_MAX = 10_000;

    private final List<Column> columns;
    private final int[] widths;
    private final Palette palette;
    private final Borders borders;

    private TableLayout(List<Column> columns, int[] widths, Palette palette, Borders borders) {
        this.columns = columns;
        this.widths = widths;
        this.palette = palette;
        this.borders = borders;
    }

    /// @param screenWidth in columns; [Integer#MAX_VALUE] when there is no limit
    /// @param widthsMin columns are at least so wide, where given: keeps a table that is drawn again from
    ///     trembling
    public static Optional<TableLayout> fit(
            List<Column> columns,
            List<? extends List<? extends @Nullable Object>> rows,
            int screenWidth,
            Palette palette,
            Borders borders,
            int... widthsMin) {
        int[] widths = new int[columns.size()];
        for (int column = 0; column < widths.length; column++) {
            widths[column] = Math.max(
                    DisplayWidth.of(Cells.visible(columns.get(column).name())),
                    column < widthsMin.length ? widthsMin[column] : 1);
        }
        for (List<? extends @Nullable Object> row : rows.subList(0, Math.min(rows.size(), MEASURED_ROWS_MAX))) {
            for (int column = 0; column < widths.length && column < row.size(); column++) {
                widths[column] = Math.max(widths[column], DisplayWidth.of(Cells.text(row.get(column))));
            }
        }
        long room = (long) screenWidth - 3L * widths.length - 1;
        long total = Arrays.stream(widths).asLongStream().sum();
        while (total > room) {
            int widest = 0;
            int second = 0;
            for (int column = 0; column < widths.length; column++) {
                if (widths[column] > widths[widest]) {
                    widest = column;
                }
            }
            for (int column = 0; column < widths.length; column++) {
                if (column != widest && widths[column] < widths[widest]) {
                    second = Math.max(second, widths[column]);
                }
            }
            if (widths.length == 0 || widths[widest] <= WIDTH_MIN) {
                return Optional.empty();
            }
            int target = Math.max(WIDTH_MIN, second);
            int cut = (int) Math.min(total - room, Math.max(1, widths[widest] - target));
            widths[widest] -= cut;
            total -= cut;
        }
        return Optional.of(new TableLayout(columns, widths, palette, borders));
    }

    /// Copies of the widths in use.
    public int[] widths() {
        return widths.clone();
    }

    public List<String> header() {
        StringBuilder names = new StringBuilder().append(bar());
        for (int column = 0; column < widths.length; column++) {
            Column heading = columns.get(column);
            String name = clip(Cells.visible(heading.name()), column);
            names.append(' ')
                    .append(palette.heading(DisplayWidth.pad(name, widths[column], Cells.isNumeric(heading))))
                    .append(' ')
                    .append(bar());
        }
        return List.of(rule(borders.top), names.toString(), rule(borders.middle));
    }

    public String row(List<? extends @Nullable Object> row) {
        return row(row, false);
    }

    /// @param fresh drawn so that it catches the eye
    public String row(List<? extends @Nullable Object> row, boolean fresh) {
        StringBuilder line = new StringBuilder().append(bar());
        for (int column = 0; column < widths.length; column++) {
            Object cell = column < row.size() ? row.get(column) : null;
            boolean right = cell instanceof Number || Cells.isNumeric(columns.get(column));
            String text = DisplayWidth.pad(clip(Cells.text(cell), column), widths[column], right);
            String styled = cell == null ? palette.dim(text) : fresh ? palette.fresh(text) : text;
            line.append(' ').append(styled).append(' ').append(bar());
        }
        return line.toString();
    }

    public String footer() {
        return rule(borders.bottom);
    }

    private String clip(String text, int column) {
        return DisplayWidth.clip(text, widths[column], borders.ellipsis);
    }

    private String bar() {
        return palette.dim(String.valueOf(borders.vertical));
    }

    private String rule(String corners) {
        List<String> parts = new ArrayList<>();
        for (int width : widths) {
            parts.add(String.valueOf(borders.horizontal).repeat(width + 2));
        }
        return palette.dim(
                corners.charAt(0) + String.join(String.valueOf(corners.charAt(1)), parts) + corners.charAt(2));
    }
}
