/// Runs statements: at a prompt, from a script, once.
///
/// Enter at [Session].
@NullMarked
package io.millrace.shell.run;

import org.jspecify.annotations.NullMarked;
