package io.millrace.shell.print;

/// What printers need to know of the place they print to.
///
/// @param width of the screen in columns, or [Integer#MAX_VALUE]
public record PrintSettings(OutputFormat format, int width, Palette palette, Borders borders, boolean rowCount) {
    public PrintSettings withFormat(OutputFormat other) {
        return new PrintSettings(other, width, palette, borders, rowCount);
    }
}
