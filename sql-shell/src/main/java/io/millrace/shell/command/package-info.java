/// The commands that begin with a backslash, one a file.
///
/// Enter at [Commands].
@NullMarked
package io.millrace.shell.command;

import org.jspecify.annotations.NullMarked;
