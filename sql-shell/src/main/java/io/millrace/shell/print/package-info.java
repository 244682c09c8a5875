/// Results as table, vertical, CSV, JSON and NDJSON; the table of a continuous query.
///
/// Enter at [ResultPrinter].
@NullMarked
package io.millrace.shell.print;

import org.jspecify.annotations.NullMarked;
