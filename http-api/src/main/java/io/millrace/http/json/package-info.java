/// The wire format: JSON written to bytes, JSON read with every digit.
///
/// Enter at [JsonBuffer] to write and at [JsonTree] to read. Knows nothing of routes or records.
@NullMarked
package io.millrace.http.json;

import org.jspecify.annotations.NullMarked;
