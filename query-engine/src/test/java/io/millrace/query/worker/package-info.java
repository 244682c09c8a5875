/// Whole queries over real logs: SQL in, changes out.
@NullMarked
package io.millrace.query.worker;

import org.jspecify.annotations.NullMarked;
