package io.millrace.query.sql;

import io.millrace.query.InputPort;
import io.millrace.query.data.ColumnInfo;
import java.util.List;

/// Looks at the newest records of each partition.
final class SampledInference implements ColumnInference {
    @Override
    public List<ColumnInfo> infer(InputPort inputs, InputPort.InputTopic topic) {
        return List.of();
    }
}
