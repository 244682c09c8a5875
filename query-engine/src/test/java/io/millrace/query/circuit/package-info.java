/// Circuits under hostile schedules, compared with the naive evaluator.
@NullMarked
package io.millrace.query.circuit;

import org.jspecify.annotations.NullMarked;
