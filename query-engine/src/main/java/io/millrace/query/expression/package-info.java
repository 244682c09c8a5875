/// Expressions over columns: a program becomes one generated class that filters and projects whole batches.
///
/// Enter at [CompiledCalc]; how programs become code begins at [CalcWriter]. [RowInterpreter] computes
/// the same over boxed values in another way, for tests; what both must agree on is in [Nodes], [Literals] and
/// [ExpressionTypes].
@NullMarked
package io.millrace.query.expression;

import org.jspecify.annotations.NullMarked;
