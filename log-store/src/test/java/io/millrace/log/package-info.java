/// Tests of the log store against dumber models, a simulated disk and Kafka's own tools.
@NullMarked
package io.millrace.log;

import org.jspecify.annotations.NullMarked;
