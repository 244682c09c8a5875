/// Segment files: one contiguous run of batches, named by its first offset, nothing else in the file.
///
/// Enter at [SegmentFile]. Sealed segments never change; the open one belongs to the writer of its partition.
/// [SegmentScanner] walks and verifies the batches of a file in bounded memory.
@NullMarked
package io.millrace.log.segment;

import org.jspecify.annotations.NullMarked;
