/// The bytes of a batch: layout, checksum, varints, compression.
///
/// Enter at [BatchLayout] for the header and [RecordCursor] for the records behind it.
@NullMarked
package io.millrace.log.batch;

import org.jspecify.annotations.NullMarked;
