/// Tests.
@NullMarked
package io.millrace.http.route;

import org.jspecify.annotations.NullMarked;
