package io.millrace.shell.parse;

import java.util.List;

/// One thing to do, as it was typed.
///
/// `line` is where its text begins in the input, counted from 1, so that errors in scripts name the right
/// place.
public sealed interface Statement {
    int line();

    /// SQL without its semicolon.
    record Sql(String text, int line) implements Statement {}

    /// A backslash command: `\d orders` has the name `d` and one argument. `buffer` is SQL that stands before
    /// it on the same or earlier lines without semicolon, for commands such as `\watch` and `\e` that use it.
    record Command(String name, List<String> arguments, String buffer, int line) implements Statement {
        public Command {
            arguments = List.copyOf(arguments);
        }
    }

    /// SQL that is not finished: ask for another line. Not an error.
    record Incomplete(String text, int line) implements Statement {}
}
