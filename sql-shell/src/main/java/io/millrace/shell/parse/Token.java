package io.millrace.shell.parse;

/// A stretch of SQL text; `end` is excluded.
public record Token(Kind kind, int start, int end) {
    public enum Kind {
        WORD,
        QUOTED_NAME,
        STRING,
        NUMBER,
        COMMENT,
        SYMBOL,
        SPACE,
        /// A string, quoted name or comment that the text ends inside of.
        UNFINISHED
    }

    public String text(String source) {
        return source.substring(start, end);
    }
}
