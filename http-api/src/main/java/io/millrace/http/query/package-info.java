/// SQL in, rows and changes out.
///
/// Enter at [QueryRoutes].
@NullMarked
package io.millrace.http.query;

import org.jspecify.annotations.NullMarked;
