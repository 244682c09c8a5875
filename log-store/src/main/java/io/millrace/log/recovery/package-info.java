/// What is done when a log is opened: scan, verify, cut a torn tail, rebuild indexes; refuse everything else.
///
/// Enter at [Recovery]; its table of labelled cases is [RecoveryCase].
@NullMarked
package io.millrace.log.recovery;

import org.jspecify.annotations.NullMarked;
