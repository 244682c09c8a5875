package io.millrace.client;

import java.util.concurrent.CompletableFuture;

/// Sends records in batches and retries them until they are stored, once each.
///
/// Records of one partition are stored in the order in which [#send] was called, by whichever thread. Each
/// batch carries a generated idempotency key, and a retry carries the same one: an attempt whose answer was
/// lost adds nothing when it is repeated. A batch that fails for good fails the futures of its records and of
/// no others.
public interface Producer extends AutoCloseable {

    /// Queues the record. Blocks while the producer's memory is full, or throws `buffer_full` where the
    /// settings say so.
    ///
    /// @return completes when the record is acknowledged, or fails with [MillraceException]
    CompletableFuture<RecordMetadata> send(NewRecord record);

    /// Waits until everything sent so far is acknowledged or has failed; failures are in the futures.
    void flush();

    /// Flushes, then stops. Sending afterwards throws `closed`.
    @Override
    void close();
}
