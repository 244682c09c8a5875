package io.millrace.client;

import java.util.List;

/// What SQL can name.
public record Catalog(List<Relation> relations) {
    public Catalog {
        relations = List.copyOf(relations);
    }

    /// @param kind `stream`, `table`, `view`, `materialized view` or `topic`
    /// @param columns empty where they are not known before somebody looks
    public record Relation(String name, String kind, List<Column> columns) {
        public Relation {
            columns = List.copyOf(columns);
        }
    }
}
