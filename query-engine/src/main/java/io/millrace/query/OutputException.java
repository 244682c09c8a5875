package io.millrace.query;

/// A write of a query that was not done, or of which nobody knows whether it was.
public final class OutputException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final Kind kind;
    private final String code;

    /// What the writer knows and can do.
    public enum Kind {
        /// Nothing has happened, and the same may succeed later: no leader, overloaded, disk full.
        REFUSED,
        /// It may have happened or may still happen. [OutputPort#raise] settles it: what is not there then never
        /// will be.
        UNKNOWN,
        /// A newer generation of the query owns its output.
        FENCED
    }

    /// @param code stable, snake_case, documented
    public OutputException(Kind kind, String code, String message) {
        super(message);
        this.kind = kind;
        this.code = code;
    }

    public Kind kind() {
        return kind;
    }

    public String code() {
        return code;
    }
}
