/// Topics, groups, health, documentation.
///
/// Enter at [AdminRoutes].
@NullMarked
package io.millrace.http.admin;

import org.jspecify.annotations.NullMarked;
