/// Indexed state of operators: rows in flat words, ordered forests over them, panes by time.
///
/// Enter at [RowTable].
@NullMarked
package io.millrace.query.state;

import org.jspecify.annotations.NullMarked;
