/// Reading records: by partition with a committed position, or as an endless tail.
///
/// Enter at [PollingConsumer].
@NullMarked
package io.millrace.client.consumer;

import org.jspecify.annotations.NullMarked;
