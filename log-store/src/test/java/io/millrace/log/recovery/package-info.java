/// Tests of recovery: the table of cases.
@NullMarked
package io.millrace.log.recovery;

import org.jspecify.annotations.NullMarked;
