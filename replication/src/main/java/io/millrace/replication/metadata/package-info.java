/// What all nodes agree on besides records: topics, commits, documents, fences, stamps and idempotency keys.
///
/// Enter at [Metadata]. It is changed by one thread, in log order, without clock or randomness; everything that
/// requests read may be read by any thread meanwhile.
@NullMarked
package io.millrace.replication.metadata;

import org.jspecify.annotations.NullMarked;
