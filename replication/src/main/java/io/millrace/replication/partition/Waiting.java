package io.millrace.replication.partition;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.AppendRequest;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A request between its arrival and its outcome.
abstract sealed class Waiting {
    final long arrivedNanos = System.nanoTime();
    /// Most bytes that it can need in an entry.
    final int bytesMax;

    private Waiting(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /// Ends it without a decision.
    abstract void fail(Throwable cause);

    static final class Append extends Waiting {
        final AppendRequest request;
        final PartitionReplica replica;
        final int count;
        final long keyHigh;
        final long keyLow;
        final CompletableFuture<AppendOutcome> future = new CompletableFuture<>();
        /// The next request whose records go into the same batch; set by the batcher.
        @Nullable
        Append nextInBatch;

        Append(AppendRequest request, PartitionReplica replica, int bytesMax, long keyHigh, long keyLow) {
            super(bytesMax);
            this.request = request;
            this.replica = replica;
            this.count = request.records().count();
            this.keyHigh = keyHigh;
            this.keyLow = keyLow;
        }

        /// Whether its batch may be shared: it is appended whatever the state.
        boolean isPlain() {
            return request.idempotencyKey() == null
                    && request.expectOffset() < 0
                    && request.stamp() == null
                    && !request.records().isMarker();
        }

        @Override
        void fail(Throwable cause) {
            future.completeExceptionally(cause);
        }
    }

    static final class Command extends Waiting {
        final byte type;
        final byte[] body;
        final CompletableFuture<CommandOutcome> future = new CompletableFuture<>();
        /// Of the entry that it was decided in; set before the future completes.
        volatile long index = -1;

        Command(byte type, byte[] body) {
            super(body.length + EntryLayout.COMMAND_HEADER_BYTES);
            this.type = type;
            this.body = body;
        }

        @Override
        void fail(Throwable cause) {
            future.completeExceptionally(cause);
        }
    }
}
