/// What a query does, as a tree of operators that knows nothing of SQL text.
///
/// Enter at [PlanNode]. The SQL front end writes it, the circuit runs it, the naive evaluator checks it.
@NullMarked
package io.millrace.query.plan;

import org.jspecify.annotations.NullMarked;
