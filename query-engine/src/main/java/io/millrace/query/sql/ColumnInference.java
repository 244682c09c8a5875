package io.millrace.query.sql;

import io.millrace.query.InputPort;
import io.millrace.query.data.ColumnInfo;
import java.util.List;

/// Finds the columns of a topic that nobody declared, from its newest records.
interface ColumnInference {
    /// @return empty when the records are no JSON objects, or there are none
    List<ColumnInfo> infer(InputPort inputs, InputPort.InputTopic topic);
}
