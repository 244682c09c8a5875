/// Runs planned statements: one thread for each query, steps over slices of the log, results to listeners and
/// topics.
///
/// Enter at [Engine].
@NullMarked
package io.millrace.query.worker;

import org.jspecify.annotations.NullMarked;
