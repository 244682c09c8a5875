/// The operator graph of one query and the order of its steps.
///
/// Enter at [Circuit].
@NullMarked
package io.millrace.query.circuit;

import org.jspecify.annotations.NullMarked;
