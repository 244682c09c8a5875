/// Values as text: rows as JSON and CSV, times as ISO 8601.
///
/// Enter at [RowJsonWriter] and [RowCsvWriter].
@NullMarked
package io.millrace.query.format;

import org.jspecify.annotations.NullMarked;
