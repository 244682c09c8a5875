/// Columnar rows: types, columns as primitive arrays, batches with weights.
///
/// Enter at [Batch].
@NullMarked
package io.millrace.query.data;

import org.jspecify.annotations.NullMarked;
