package io.millrace.query;

/// How a client wants to be told of changes: `SET changelog = …`.
///
/// @param key columns of the result that no two rows share; empty when there are none, and then no two changes
///     belong together
public record Changelog(Style style, int[] key) {
    public static final Changelog WEIGHTS = new Changelog(Style.WEIGHTS, new int[0]);

    public Changelog {
        key = key.clone();
    }

    @Override
    public int[] key() {
        return key.clone();
    }

    /// The form of one change.
    public enum Style {
        /// a row and how often it is added (above 0) or taken away (below 0)
        WEIGHTS,
        /// the new row of a key, or that the key has none any more
        UPSERT,
        /// the row before and the row after, as Debezium writes them
        DEBEZIUM
    }
}
