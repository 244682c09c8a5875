/// Tests of this package.
@NullMarked
package io.millrace.faults.load;

import org.jspecify.annotations.NullMarked;
