package io.millrace.query.circuit;

import io.millrace.query.operator.FailedRow;

/// How a circuit runs.
///
/// @param stateBytesMax more state than this ends the query with [StateLimitExceededException]
/// @param failures takes rows whose evaluation fails, and keys of groups without a result
public record CircuitSettings(long stateBytesMax, FailedRow.Sink failures) {
    /// No limit, failures ignored.
    public static CircuitSettings unlimited() {
        return new CircuitSettings(Long.MAX_VALUE, failed -> {});
    }
}
