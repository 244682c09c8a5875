package io.millrace.query.worker;

import io.millrace.query.data.Batch;

/// Writes rows as the records of a topic, into one array that it reuses.
///
/// Threading: one thread at a time.
public interface RowEncoder {
    /// The row as a JSON object of its columns; replaces what was encoded before.
    void value(Batch rows, int row);

    /// The columns `key` of a row as a record key: the text of a single column, a JSON array of several.
    void key(Batch rows, int row, int[] key);

    /// Valid up to [#length], until the next call.
    byte[] bytes();

    int length();
}
