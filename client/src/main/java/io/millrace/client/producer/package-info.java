/// Batching, retry and idempotency keys.
///
/// Enter at [BatchingProducer].
@NullMarked
package io.millrace.client.producer;

import org.jspecify.annotations.NullMarked;
