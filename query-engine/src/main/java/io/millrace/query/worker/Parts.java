package io.millrace.query.worker;

import io.millrace.log.RecordReader;
import io.millrace.query.circuit.Circuit;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.SourceReader;

/// What a query is put together from.
public interface Parts {
    Circuit circuit(PlanNode plan);

    /// Whether rows that have come out of the plan are never taken back.
    boolean onlyGrows(PlanNode plan);

    /// An encoder of its own for each task.
    RowEncoder encoder();

    SourceReader source(SourceSpec spec, RecordReader records, int partition);
}
