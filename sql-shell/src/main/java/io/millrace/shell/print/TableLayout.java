package io.millrace.shell.print;

import io.millrace.client.Column;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Column widths that fit the screen, and lines drawn with them.
///
/// Columns are as wide as their widest cell while that fits. When it does not, columns of text give way before
/// others, the widest first, down to [#WIDTH_MIN]; when even that is too much there is no layout, and the
/// caller shows the rows vertically.
public final class TableLayout {
    static final int WIDTH_MIN = 5;
    private static final int TEXT_WIDTH_MIN = 12;
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
        long excess = Arrays.stream(widths).asLongStream().sum() - room;
        excess = shrink(widths, excess, TEXT_WIDTH_MIN, column -> !Cells.isNumeric(columns.get(column)));
        excess = shrink(widths, excess, WIDTH_MIN, _ -> true);
        if (excess > 0) {
            return Optional.empty();
        }
        return Optional.of(new TableLayout(columns, widths, palette, borders));
    }

    /// Takes `excess` from the widest of these columns, level by level, and returns what is left of it.
    private static long shrink(int[] widths, long excess, int widthMin, IntPredicate columns) {
        long left = excess;
        while (left > 0) {
            int widest = -1;
            int next = widthMin;
            for (int column = 0; column < widths.length; column++) {
                if (columns.test(column) && (widest < 0 || widths[column] > widths[widest])) {
                    widest = column;
                }
            }
            if (widest < 0 || widths[widest] <= widthMin) {
                return left;
            }
            for (int column = 0; column < widths.length; column++) {
                if (columns.test(column) && widths[column] < widths[widest]) {
                    next = Math.max(next, widths[column]);
                }
            }
            int cut = (int) Math.min(left, Math.max(1, widths[widest] - next));
            widths[widest] -= cut;
            left -= cut;
        }
        return left;
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
