/// Tests.
@NullMarked
package io.millrace.http.server;

import org.jspecify.annotations.NullMarked;
