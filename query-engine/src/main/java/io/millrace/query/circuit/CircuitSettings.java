package io.millrace.query.circuit;

import io.millrace.query.expression.CompiledCalc.Failures;

/// How a circuit runs.
///
/// @param stateBytesMax more state than this ends the query with [StateLimitExceededException]
/// @param failures takes rows whose evaluation fails, and keys of groups without a result
public record CircuitSettings(long stateBytesMax, Failures failures) {
    /// No limit, failures ignored.
    public static CircuitSettings unlimited() {
        return new CircuitSettings(Long.MAX_VALUE, (input, row, reason) -> {});
    }
}
