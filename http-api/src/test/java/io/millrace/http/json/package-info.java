/// Tests.
@NullMarked
package io.millrace.http.json;

import org.jspecify.annotations.NullMarked;
