/// The keyboard and the screen, behind a port; JLine stops here.
///
/// Enter at [ShellTerminal].
@NullMarked
package io.millrace.shell.terminal;

import org.jspecify.annotations.NullMarked;
