/// Tests of `io.millrace.log.disk`.
@NullMarked
package io.millrace.log.disk;

import org.jspecify.annotations.NullMarked;
