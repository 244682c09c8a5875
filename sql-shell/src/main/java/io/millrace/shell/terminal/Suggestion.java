package io.millrace.shell.terminal;

/// A word that may stand where the cursor is.
///
/// @param text replaces the word under the cursor
/// @param group heading under which it is listed, for instance `column`
/// @param finished a blank may follow at once
public record Suggestion(String text, String group, boolean finished) {}
