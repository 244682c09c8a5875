/// Counters and gauges as a Prometheus text page.
///
/// Enter at [Metrics].
@NullMarked
package io.millrace.http.metrics;

import org.jspecify.annotations.NullMarked;
