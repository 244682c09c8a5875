package io.millrace.query.sql;

import io.millrace.query.QueryEngine.ParsedStatement;
import io.millrace.query.Session;
import java.util.List;

/// From text to something that can be run. Holds no state but caches; everything it needs to know is in the
/// [Catalog].
///
/// Threading: any thread.
public interface SqlFront {
    /// @throws io.millrace.query.SqlException with place and hint
    List<ParsedStatement> parse(String sql);

    /// Resolves names, checks types and plans.
    ///
    /// @throws io.millrace.query.SqlException with place and hint
    PlannedStatement plan(ParsedStatement statement, Session session, Catalog catalog);

    /// The topic that is written by the query that a definition keeps running; empty when it keeps none.
    ///
    /// @param key of the definition
    /// @param text canonical statement
    java.util.Optional<String> writtenTopic(String key, String text);

    /// Streams, tables, views and bare topics, for completion.
    List<io.millrace.query.CatalogEntry> describeAll(Catalog catalog);

    /// Loads what a first statement would wait for.
    void warmUp();

    /// One entry of [#describeAll].
    default java.util.Optional<io.millrace.query.CatalogEntry> describe(String name, Catalog catalog) {
        return describeAll(catalog).stream()
                .filter(entry -> entry.name().equals(name))
                .findFirst();
    }
}
