package io.millrace.shell.terminal;

import java.util.List;

/// What the line editor asks of the shell while somebody types.
public interface Assistance {

    /// Whether Enter runs the text; otherwise it begins another line.
    boolean isComplete(String text);

    /// Words for the place where `textBeforeCursor` ends. Must answer at once, so from memory.
    List<Suggestion> suggest(String textBeforeCursor);

    /// Where the word begins that a suggestion replaces.
    int wordStart(String textBeforeCursor);
}
