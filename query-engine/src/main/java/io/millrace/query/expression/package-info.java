/// Expressions over columns: a program becomes one generated class that filters and projects whole batches.
///
/// Enter at [CompiledCalc].
@NullMarked
package io.millrace.query.expression;

import org.jspecify.annotations.NullMarked;
