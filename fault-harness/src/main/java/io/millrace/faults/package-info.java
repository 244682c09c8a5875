/// The fault harness: `millrace verify --faults`.
///
/// Breaks real nodes in every way that a machine and a network can fail while clients use them, and checks what
/// the nodes had promised. [io.millrace.faults.Rows] lists the faults; each row also has a planted bug, to show
/// that the row would notice.
@NullMarked
package io.millrace.faults;

import org.jspecify.annotations.NullMarked;
