/// Measurements: one class, one claim. Each prints machine, JDK, data, every run, the spread and a correctness
/// sum.
@NullMarked
package io.millrace.bench;

import org.jspecify.annotations.NullMarked;
