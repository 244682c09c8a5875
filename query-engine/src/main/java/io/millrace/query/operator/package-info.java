/// Operators: each turns the changes of its inputs into the change of its output.
///
/// Enter at [Operator]. Each class states its delta rule and what its state costs. `Δ` is a step's change, `X⁻`
/// and `X⁺` the sum of all changes before and after it. Formulas: DBSP (VLDB 2023).
@NullMarked
package io.millrace.query.operator;

import org.jspecify.annotations.NullMarked;
