/// Statements out, results and changes in.
///
/// Enter at [HttpSqlClient].
@NullMarked
package io.millrace.client.sql;

import org.jspecify.annotations.NullMarked;
