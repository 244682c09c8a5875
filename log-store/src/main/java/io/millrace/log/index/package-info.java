/// Offset and time to position, sparse, and always rebuildable from the segment.
///
/// Enter at [SparseIndex].
@NullMarked
package io.millrace.log.index;

import org.jspecify.annotations.NullMarked;
