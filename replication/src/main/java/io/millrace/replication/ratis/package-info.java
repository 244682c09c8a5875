/// Adapters to Apache Ratis; its types stop here.
///
/// Enter at [RatisConsensus].
@NullMarked
package io.millrace.replication.ratis;

import org.jspecify.annotations.NullMarked;
