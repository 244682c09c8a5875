/// Tests of `io.millrace.log.batch`.
@NullMarked
package io.millrace.log.batch;

import org.jspecify.annotations.NullMarked;
