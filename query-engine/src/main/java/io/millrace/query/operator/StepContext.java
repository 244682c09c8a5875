package io.millrace.query.operator;

import io.millrace.query.data.Batch;
import java.util.List;

/// What one step brings.
///
/// @param deltas one for each source
/// @param watermarks one for each source, after `deltas`
/// @param first whether no step came before
public record StepContext(List<Batch> deltas, long[] watermarks, boolean first) {}
