package io.millrace.shell.print;

import io.millrace.client.MillraceException;
import io.millrace.client.Position;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Errors as people like them: what, where, what to do.
///
/// ```
/// ERROR: Column 'amuont' not found in any table
/// LINE 1: SELECT amuont FROM orders
///                ^
/// HINT:  Did you mean 'amount'?
/// ```
public final class ErrorPrinter {
    private static final int WIDTH_MAX = 100;
    private static final int BEFORE_CARET_MAX = 60;

    private ErrorPrinter() {}

    /// @param sql the statement that failed, or null when the error is about something else
    public static List<String> lines(MillraceException error, @Nullable String sql, Palette palette) {
        List<String> lines = new ArrayList<>();
        lines.add(palette.error("ERROR:") + " " + visible(String.valueOf(error.getMessage())));
        if (sql != null && error.position().isPresent()) {
            caret(error.position().get(), sql, palette, lines);
        }
        error.hint().ifPresent(hint -> lines.add(palette.hint("HINT:") + "  " + visible(hint)));
        String request =
                error.requestId().map(id -> " · request " + visible(id)).orElse("");
        lines.add(palette.dim("(" + visible(error.code()) + request + ")"));
        return lines;
    }

    private static void caret(Position position, String sql, Palette palette, List<String> lines) {
        String[] text = sql.split("\n", -1);
        if (position.line() < 1 || position.line() > text.length) {
            return;
        }
        String line = text[position.line() - 1].replace('\t', ' ').replace("\r", "");
        int at = Math.min(Math.max(0, position.column() - 1), line.length());
        int from = at > BEFORE_CARET_MAX ? at - BEFORE_CARET_MAX : 0;
        String before = (from > 0 ? "…" : "") + line.substring(from, at);
        String after = line.substring(at);
        String shown = DisplayWidth.clip(before + after, WIDTH_MAX, "…");
        String label = "LINE " + position.line() + ": ";
        lines.add(palette.dim(label) + visible(shown));
        lines.add(" ".repeat(label.length() + DisplayWidth.of(before)) + palette.error("^"));
    }

    /// Several lines stay several lines; anything else that could steer the terminal does not.
    private static String visible(String text) {
        List<String> parts = new ArrayList<>();
        for (String part : text.split("\n", -1)) {
            parts.add(Cells.visible(part));
        }
        return String.join("\n", parts);
    }
}
