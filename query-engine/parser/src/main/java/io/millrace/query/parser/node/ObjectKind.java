package io.millrace.query.parser.node;

/// The kinds of things in the catalogue that statements name.
public enum ObjectKind {
    STREAM("STREAM"),
    TABLE("TABLE"),
    VIEW("VIEW"),
    MATERIALIZED_VIEW("MATERIALIZED VIEW"),
    TOPIC("TOPIC");

    private final String sql;

    ObjectKind(String sql) {
        this.sql = sql;
    }

    /// The keywords, for instance `MATERIALIZED VIEW`.
    public String sql() {
        return sql;
    }
}
