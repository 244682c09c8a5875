/// Seeded random tables and queries: the incremental engine against the naive evaluator and DuckDB.
@NullMarked
package io.millrace.query.random;

import org.jspecify.annotations.NullMarked;
