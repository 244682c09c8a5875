package io.millrace.shell.print;

import io.millrace.client.Column;
import io.millrace.client.JsonText;
import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A cell as people read it: on one line, control characters made visible.
final class Cells {
    static final String NULL = "NULL";

    private Cells() {}

    static String text(@Nullable Object cell) {
        return switch (cell) {
            case null -> NULL;
            case String string -> visible(string);
            case BigDecimal decimal ->
                decimal.toPlainString().length() > 40 ? decimal.toString() : decimal.toPlainString();
            case Boolean bool -> bool.toString();
            case Number number -> number.toString();
            case Object nested -> visible(JsonText.write(nested));
        };
    }

    /// Without line breaks and escapes that would spoil a table, or worse, steer the terminal.
    static String visible(String string) {
        int at = 0;
        while (at < string.length() && !isUnsafe(string.charAt(at))) {
            at++;
        }
        if (at == string.length()) {
            return string;
        }
        StringBuilder out = new StringBuilder(string.substring(0, at));
        for (; at < string.length(); at++) {
            char c = string.charAt(at);
            switch (c) {
                case '\n' -> out.append('↵');
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("  ");
                default -> {
                    if (isUnsafe(c)) {
                        out.append(String.format("\\x%02x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString();
    }

    private static boolean isUnsafe(char c) {
        return c < 0x20 || c >= 0x7f && c < 0xa0;
    }

    static boolean isNumeric(Column column) {
        String type = column.type().toUpperCase(Locale.ROOT);
        int end = 0;
        while (end < type.length() && Character.isLetterOrDigit(type.charAt(end))) {
            end++;
        }
        return switch (type.substring(0, end)) {
            case "TINYINT", "SMALLINT", "INTEGER", "INT", "BIGINT", "DECIMAL", "NUMERIC", "REAL", "FLOAT", "DOUBLE" ->
                true;
            default -> false;
        };
    }
}
