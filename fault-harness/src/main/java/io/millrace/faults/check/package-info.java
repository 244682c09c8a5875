/// Whether a history keeps Millrace's promises: a pure function from events to violations.
///
/// Enter at [io.millrace.faults.check.Checker]. Nothing here knows how the events came about.
@NullMarked
package io.millrace.faults.check;

import org.jspecify.annotations.NullMarked;
