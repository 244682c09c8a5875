package io.millrace.http.server;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.LoopTask;
import io.millrace.http.route.ReplyStream;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// An answer without a known end, in chunks.
///
/// Bound: [#PENDING_BYTES_MAX] and one more piece wait for the client; then [#write] blocks until less than half
/// of it is left, or the client is gone. A client that takes nothing at all is closed by the sweep of its
/// connection.
///
/// Threading: written to by one thread that is not an event loop.
final class AnswerStream implements ReplyStream {
    private static final int PENDING_BYTES_MAX = 256 << 10;
    private static final byte[] LINE = "\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Connection connection;
    private final ServerExchange exchange;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long pendingBytes; // guarded by lock
    private volatile boolean gone;

    AnswerStream(Connection connection, ServerExchange exchange) {
        this.connection = connection;
        this.exchange = exchange;
    }

    void clientGone() {
        lock.lock();
        try {
            gone = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void written(int bytes) {
        lock.lock();
        try {
            pendingBytes -= bytes;
            if (pendingBytes < PENDING_BYTES_MAX / 2) {
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean write(JsonBuffer piece) {
        int size = piece.size();
        if (size == 0) {
            return !gone;
        }
        lock.lock();
        try {
            while (!gone && pendingBytes >= PENDING_BYTES_MAX) {
                changed.awaitUninterruptibly();
            }
            if (gone) {
                piece.clear();
                return false;
            }
            pendingBytes += size;
        } finally {
            lock.unlock();
        }
        ByteBuf out = io.netty.buffer.Unpooled.buffer(size + 16);
        if (!exchange.http10) {
            out.writeCharSequence(Integer.toHexString(size), StandardCharsets.US_ASCII);
            out.writeBytes(LINE);
        }
        out.writeBytes(piece.bytes(), 0, size);
        if (!exchange.http10) {
            out.writeBytes(LINE);
        }
        piece.clear();
        connection.context.submit(new LoopTask() {
            @Override
            public void run() {
                if (connection.isGone()) {
                    out.release();
                    written(size);
                } else {
                    connection.writeStream(out).addListener(done -> written(size));
                }
            }
        });
        return true;
    }

    @Override
    public boolean isGone() {
        return gone;
    }

    @Override
    public void end() {
        end(true);
    }

    @Override
    public void abort() {
        end(false);
    }

    private void end(boolean whole) {
        connection.context.submit(new LoopTask() {
            @Override
            public void run() {
                connection.endStream(exchange, whole);
            }
        });
    }
}
