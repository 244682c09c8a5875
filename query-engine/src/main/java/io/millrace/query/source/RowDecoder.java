package io.millrace.query.source;

import io.millrace.query.data.Column;
import org.jspecify.annotations.Nullable;

/// Takes the fields of one record apart. One record at a time: [#decode], then any of the others about it.
///
/// Threading: one thread at a time.
interface RowDecoder {
    /// Checks a record's value and finds its fields; every declared column is judged, wanted or not.
    ///
    /// @return null when the record is good, else why it is bad
    @Nullable
    String decode(byte[] bytes, int start, int length);

    /// The value of a LONG column of the decoded record; call only when [#isNull] is false.
    long longAt(int column);

    boolean isNull(int column);

    /// Appends the value of a column of the decoded record.
    void append(int column, Column into);
}
