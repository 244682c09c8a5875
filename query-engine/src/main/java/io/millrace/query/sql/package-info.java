/// SQL text to plans: catalogue, validation, planning, EXPLAIN.
///
/// Enter at [SqlFront].
@NullMarked
package io.millrace.query.sql;

import org.jspecify.annotations.NullMarked;
