/// Which whole segments may go.
///
/// Enter at [Retention].
@NullMarked
package io.millrace.log.retention;

import org.jspecify.annotations.NullMarked;
