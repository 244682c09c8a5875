package io.millrace.query.sql;

import io.millrace.query.InputPort;
import java.util.Map;

/// A consistent view of what one can query: definitions and topics.
///
/// @param definitions key to canonical statement text, as [PlannedStatement.Create] made them
/// @param inputs topics; streams without definition are inferred from their newest records
public record Catalog(Map<String, String> definitions, InputPort inputs) {
    public Catalog {
        definitions = Map.copyOf(definitions);
    }
}
