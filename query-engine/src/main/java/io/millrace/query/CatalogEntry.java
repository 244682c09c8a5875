package io.millrace.query;

import io.millrace.query.data.ColumnInfo;
import java.util.List;

/// Something one can query.
///
/// @param kind `stream`, `table`, `view`, `materialized view` or `topic`
/// @param topic behind it, empty for a view
/// @param definition the statement that made it; empty for a bare topic
public record CatalogEntry(String name, String kind, String topic, List<ColumnInfo> columns, String definition) {
    public CatalogEntry {
        columns = List.copyOf(columns);
    }
}
