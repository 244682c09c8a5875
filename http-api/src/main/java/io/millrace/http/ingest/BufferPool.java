package io.millrace.http.ingest;

import io.millrace.log.RecordBuffer;
import java.util.ArrayDeque;

/// Record buffers to be used again, for one event loop.
///
/// Bound: [#COUNT_MAX] small ones; one that a large body has blown up is left to the collector.
final class BufferPool {
    private static final int COUNT_MAX = 256;
    private static final int KEPT_BYTES_MAX = 16 << 10;

    private static final ThreadLocal<BufferPool> POOLS = ThreadLocal.withInitial(BufferPool::new);

    private final ArrayDeque<RecordBuffer> free = new ArrayDeque<>();

    private BufferPool() {}

    /// The pool of the running event loop; a virtual thread gets a new buffer instead.
    static RecordBuffer take() {
        RecordBuffer buffer =
                Thread.currentThread().isVirtual() ? null : POOLS.get().free.poll();
        return buffer == null ? new RecordBuffer() : buffer;
    }

    static void giveBack(RecordBuffer buffer) {
        if (buffer.sizeBytes() <= KEPT_BYTES_MAX && !Thread.currentThread().isVirtual()) {
            BufferPool pool = POOLS.get();
            if (pool.free.size() < COUNT_MAX) {
                buffer.clear();
                pool.free.push(buffer);
            }
        }
    }
}
