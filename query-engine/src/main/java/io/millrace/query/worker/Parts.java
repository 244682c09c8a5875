package io.millrace.query.worker;

import io.millrace.log.RecordReader;
import io.millrace.query.circuit.Circuit;
import io.millrace.query.circuit.CircuitSettings;
import io.millrace.query.circuit.Circuits;
import io.millrace.query.expression.ExpressionCompiler;
import io.millrace.query.operator.FailedRow;
import io.millrace.query.plan.PlanNode;
import io.millrace.query.plan.SourceSpec;
import io.millrace.query.source.SourceReader;
import io.millrace.query.source.SourceReaders;

/// What a query is put together from.
///
/// @param stateBytesMax state that one query may keep
record Parts(long stateBytesMax) {
    Circuit circuit(PlanNode plan, FailedRow.Sink failures) {
        return Circuits.build(plan, ExpressionCompiler::compile, new CircuitSettings(stateBytesMax, failures));
    }

    SourceReader source(SourceSpec spec, RecordReader records, int partition) {
        return SourceReaders.open(spec, records, partition);
    }
}
