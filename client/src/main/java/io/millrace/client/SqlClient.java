package io.millrace.client;

import java.util.Map;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/// Statements out, results and changes in.
public interface SqlClient {

    /// Runs a statement that ends and returns its whole answer.
    ///
    /// @param parameters values of the statement's `?`: null, text, numbers, booleans, lists, maps, `java.time`
    ///     values
    /// @throws MillraceException when the statement is refused or fails, or when it is one that does not end
    SqlResult query(String sql, @Nullable Object... parameters);

    /// Runs a statement whichever kind it is.
    ///
    /// @param session settings as `SET` would make them, for this request only
    SqlAnswer execute(String sql, Map<String, String> session, @Nullable Object... parameters);

    /// The changes of a continuous query.
    ///
    /// Each subscription runs the query anew on a connection of its own. Nothing is read from the connection
    /// while nothing is requested, so a slow subscriber slows the query instead of filling memory. Cancelling
    /// closes the connection, which ends the query on the server. Errors arrive at `onError` as
    /// [MillraceException].
    Flow.Publisher<ChangeEvent> changes(String sql, @Nullable Object... parameters);
}
