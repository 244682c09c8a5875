package io.millrace.query;

import org.jspecify.annotations.Nullable;

/// A statement that cannot be run, said so that its author can mend it.
public final class SqlException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final String code;
    private final int line;
    private final int column;
    private final @Nullable String hint;

    /// @param code stable, snake_case, documented
    /// @param line from 1; 0 when there is no place
    /// @param column from 1; 0 when there is no place
    public SqlException(String code, String message, int line, int column, @Nullable String hint) {
        super(message);
        this.code = code;
        this.line = line;
        this.column = column;
        this.hint = hint;
    }

    public SqlException(String code, String message) {
        this(code, message, 0, 0, null);
    }

    public String code() {
        return code;
    }

    public int line() {
        return line;
    }

    public int column() {
        return column;
    }

    public @Nullable String hint() {
        return hint;
    }
}
