/// Tests.
@NullMarked
package io.millrace.http.node;

import org.jspecify.annotations.NullMarked;
