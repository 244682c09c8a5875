package io.millrace.query.worker;

import io.millrace.log.RecordReader;
import io.millrace.query.circuit.Circuit;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.SourceReader;

/// What a query is put together from.
public interface Parts {
    Circuit circuit(PlanNode plan);

    SourceReader source(SourceSpec spec, RecordReader records, int partition);
}
