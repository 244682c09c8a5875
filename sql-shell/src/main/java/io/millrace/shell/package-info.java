/// The command line: options, subcommands and [Main].
@NullMarked
package io.millrace.shell;

import org.jspecify.annotations.NullMarked;
