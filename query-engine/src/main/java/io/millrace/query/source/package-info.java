/// Records in, rows out: decoding, watermarks, late and bad rows.
///
/// Enter at [SourceReader].
@NullMarked
package io.millrace.query.source;

import org.jspecify.annotations.NullMarked;
