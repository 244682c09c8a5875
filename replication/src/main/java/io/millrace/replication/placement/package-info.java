/// Where partitions live, who should lead, and which member comes or goes next: functions of what is known, without
/// state, clock or randomness.
///
/// Enter at [Placement].
@NullMarked
package io.millrace.replication.placement;

import org.jspecify.annotations.NullMarked;
