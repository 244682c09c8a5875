/// A second, naive opinion on what a plan means: whole inputs, boxed rows, nested loops. For tests.
///
/// Enter at [NaiveEvaluator]. It shares no code with the operators it checks.
@NullMarked
package io.millrace.query.oracle;

import org.jspecify.annotations.NullMarked;
