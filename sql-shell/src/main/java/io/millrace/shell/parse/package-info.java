/// Text to statements, without understanding SQL: where one ends, what is a string, what is a comment.
///
/// Enter at [StatementSplitter].
@NullMarked
package io.millrace.shell.parse;

import org.jspecify.annotations.NullMarked;
