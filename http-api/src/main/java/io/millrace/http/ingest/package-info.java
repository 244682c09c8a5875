/// Records in: the produce routes.
///
/// Enter at [ProduceRoutes]. No thread is held while an append is on its way.
@NullMarked
package io.millrace.http.ingest;

import org.jspecify.annotations.NullMarked;
