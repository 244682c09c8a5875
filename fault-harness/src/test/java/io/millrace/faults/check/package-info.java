/// Tests of this package.
@NullMarked
package io.millrace.faults.check;

import org.jspecify.annotations.NullMarked;
