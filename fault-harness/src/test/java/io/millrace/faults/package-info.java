/// Tests of the harness itself, without nodes.
@NullMarked
package io.millrace.faults;

import org.jspecify.annotations.NullMarked;
