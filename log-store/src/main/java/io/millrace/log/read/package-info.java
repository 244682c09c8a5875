/// Reads from an offset on, a chunk of whole batches at a time, without a lock against the writer.
///
/// Enter at [LogReader]; what it needs of a log is [LogView].
@NullMarked
package io.millrace.log.read;

import org.jspecify.annotations.NullMarked;
