package io.millrace.query;

import java.util.List;
import java.util.Optional;

/// Plans and runs SQL.
///
/// Threading: every method is for any thread; callbacks come from the engine's workers.
public interface QueryEngine extends AutoCloseable {
    /// Splits text into statements and checks their syntax.
    ///
    /// @throws SqlException the text cannot be parsed
    List<ParsedStatement> parse(String sql);

    /// Starts one statement. What is wrong with it before its first row is thrown here; later failures go to
    /// the listener.
    ///
    /// @throws SqlException it means nothing, may not run, or too many run already
    RunningStatement execute(ParsedStatement statement, Session session, ResultListener listener);

    /// Every query that runs, persistent and ad-hoc.
    List<QueryInfo> queries();

    Optional<QueryInfo> query(String id);

    /// Pauses, resumes or ends a query; false when there is none with this id.
    boolean pause(String id);

    boolean resume(String id);

    boolean cancel(String id);

    /// Streams, tables, views and topics with their columns, for completion and `/v1/catalog`.
    List<CatalogEntry> catalog();

    /// One of them, without looking at the others.
    default Optional<CatalogEntry> catalogEntry(String name) {
        return catalog().stream().filter(entry -> entry.name().equals(name)).findFirst();
    }

    /// Loads what a first query would wait for; called once in the background after the start.
    void warmUp();

    /// Ends all queries and waits for them.
    @Override
    void close();

    /// @param continuous whether the statement never ends by itself
    /// @param writes whether it changes records or definitions, which only the node that leads can do
    /// @param syntax the parsed form, opaque to callers
    record ParsedStatement(String text, int line, int column, boolean continuous, boolean writes, Object syntax) {}
}
