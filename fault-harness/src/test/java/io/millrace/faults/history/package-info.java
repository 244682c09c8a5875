/// Tests of this package.
@NullMarked
package io.millrace.faults.history;

import org.jspecify.annotations.NullMarked;
