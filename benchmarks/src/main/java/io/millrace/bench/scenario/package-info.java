/// Whole-system runs.
@NullMarked
package io.millrace.bench.scenario;

import org.jspecify.annotations.NullMarked;
