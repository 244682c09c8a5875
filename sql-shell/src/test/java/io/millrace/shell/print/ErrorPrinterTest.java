package io.millrace.shell.print;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.client.MillraceException;
import io.millrace.client.Position;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ErrorPrinterTest {
    private static MillraceException error(@Nullable Position position, @Nullable String hint) {
        return new MillraceException("unknown_column", 400, "Column 'x' not found", position, hint, "r1", null);
    }

    @Test
    void theCaretStandsUnderThePlace() {
        assertThat(ErrorPrinter.lines(
                        error(new Position(2, 3), "Did you mean 'y'?"), "SELECT\n  x\nFROM t", Palette.PLAIN))
                .containsExactly(
                        "ERROR: Column 'x' not found",
                        "LINE 2:   x",
                        "          ^",
                        "HINT:  Did you mean 'y'?",
                        "(unknown_column · request r1)");
    }

    @Test
    void theCaretCountsWideCharacters() {
        assertThat(ErrorPrinter.lines(error(new Position(1, 10), null), "SELECT '茶'x", Palette.PLAIN))
                .startsWith("ERROR: Column 'x' not found", "LINE 1: SELECT '茶'x", "                  ^");
    }

    @Test
    void aLongLineIsShownAroundThePlace() {
        String sql = "SELECT " + "a, ".repeat(100) + "x, " + "b, ".repeat(100) + "1";
        int column = sql.indexOf('x') + 1;
        var lines = ErrorPrinter.lines(error(new Position(1, column), null), sql, Palette.PLAIN);
        int caret = lines.get(2).indexOf('^');
        assertThat(lines.get(1).charAt(caret)).isEqualTo('x');
        assertThat(lines.get(1)).hasSizeLessThan(120).contains("…");
    }

    @Test
    void aPlaceOutsideTheTextIsLeftOut() {
        assertThat(ErrorPrinter.lines(error(new Position(9, 1), null), "SELECT 1", Palette.PLAIN))
                .hasSize(2);
        assertThat(ErrorPrinter.lines(error(new Position(1, 1), null), null, Palette.PLAIN))
                .hasSize(2);
        assertThat(ErrorPrinter.lines(error(new Position(1, 99), null), "SELECT 1", Palette.PLAIN))
                .hasSize(4);
    }
}
