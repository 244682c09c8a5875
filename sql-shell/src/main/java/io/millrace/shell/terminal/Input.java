package io.millrace.shell.terminal;

/// What came from the keyboard.
public sealed interface Input {

    /// Text that is complete, in the sense of the reader's completeness test.
    record Text(String text) implements Input {}

    /// Ctrl-C: the person gives up what was typed.
    record Interrupted() implements Input {}

    /// Ctrl-D on an empty line, or the end of the input.
    record End() implements Input {}
}
