/// Tests of this package.
@NullMarked
package io.millrace.faults.stage;

import org.jspecify.annotations.NullMarked;
