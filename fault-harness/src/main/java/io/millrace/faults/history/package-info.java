/// What happened during a run, as its clients saw it: one [io.millrace.faults.history.Event] after another.
///
/// Enter at [io.millrace.faults.history.History]. A history is a text file with one event a line, so it can be
/// as long as the disk allows, and read by people.
@NullMarked
package io.millrace.faults.history;

import org.jspecify.annotations.NullMarked;
