package io.millrace.query;

import io.millrace.query.data.Batch;
import io.millrace.query.data.Schema;
import java.util.List;

/// Receives a statement's results: `columns` first, then any number of the others, then exactly one of
/// `complete` and `failed`.
///
/// All calls come one after another. A call that blocks slows its query down, which is how back-pressure works.
/// Batches are valid
/// during the call.
public interface ResultListener {
    /// @param notices what the user should know: inferred columns, unbounded state …
    void columns(Schema columns, List<String> notices);

    /// How the session wants changes to be told; called before [#columns] of a statement that does not end. A
    /// listener that has only one way may ignore it.
    default void changelog(Changelog changelog) {}

    /// Rows of a statement that ends; a weight of n stands for n equal rows.
    void rows(Batch rows);

    /// Changes of a statement that does not end. The sum of all changes is the answer over the input up to
    /// `frontier`.
    void changes(Batch changes, Frontier frontier, long watermarkMs);

    /// Rows of a statement that does not end that could not be evaluated (division by zero, a bad cast, overflow),
    /// as changes: a negative weight takes one back. The sum up to `frontier` depends on nothing but the input up
    /// to there. Come before the [#changes] or the [#progress] of the same frontier.
    ///
    /// @param failed columns `_reason`, `_operator`, `_topic`, `_partition`, `_offset`, `_row`
    default void failedRows(Batch failed, Frontier frontier) {}

    /// The answer is complete up to `frontier`; called at least every second.
    void progress(Frontier frontier, long watermarkMs);

    /// @param frontier what was read
    /// @param message what a statement without rows did: `CREATE STREAM`
    void complete(Frontier frontier, String message);

    void failed(SqlException failure);
}
