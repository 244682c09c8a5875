/// A node, three months of flights and two continuous queries over them, in one command.
///
/// Enter at [Demo].
@NullMarked
package io.millrace.shell.demo;

import org.jspecify.annotations.NullMarked;
