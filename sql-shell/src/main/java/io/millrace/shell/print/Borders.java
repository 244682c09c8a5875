package io.millrace.shell.print;

/// The lines of a table; plain characters where the output's charset has no others.
public enum Borders {
    UNICODE("┌┬┐", "├┼┤", "└┴┘", '─', '│', "…"),
    ASCII("+++", "+++", "+++", '-', '|', "..");

    final String top;
    final String middle;
    final String bottom;
    final char horizontal;
    final char vertical;
    final String ellipsis;

    Borders(String top, String middle, String bottom, char horizontal, char vertical, String ellipsis) {
        this.top = top;
        this.middle = middle;
        this.bottom = bottom;
        this.horizontal = horizontal;
        this.vertical = vertical;
        this.ellipsis = ellipsis;
    }
}
