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

    /// Whether the statement defines a query that is kept running.
    boolean isPersistentQuery(ParsedStatement statement);

    /// Streams, tables, views and bare topics, for completion.
    List<io.millrace.query.CatalogEntry> describeAll(Catalog catalog);

    /// Loads what a first statement would wait for.
    void warmUp();
}
