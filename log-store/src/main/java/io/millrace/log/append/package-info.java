/// The one writer of a partition: assigns offsets, rolls segments, flushes.
///
/// Enter at [SegmentedLog].
@NullMarked
package io.millrace.log.append;

import org.jspecify.annotations.NullMarked;
