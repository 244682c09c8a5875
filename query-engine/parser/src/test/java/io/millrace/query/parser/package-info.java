/// Tests of the parser: two text files of statements, and seeded mutations of them.
@NullMarked
package io.millrace.query.parser;

import org.jspecify.annotations.NullMarked;
