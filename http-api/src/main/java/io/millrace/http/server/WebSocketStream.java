package io.millrace.http.server;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.json.Utf8;
import io.millrace.http.route.LoopTask;
import io.millrace.http.route.Socket;
import io.millrace.http.route.SocketReceiver;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A connection after its WebSocket handshake (RFC 6455).
///
/// | close | why                                                            |
/// |-------|----------------------------------------------------------------|
/// | 1001  | the node stops                                                 |
/// | 1002  | the bytes are not frames of RFC 6455                           |
/// | 1003  | a binary message                                               |
/// | 1007  | a text message that is not UTF-8                               |
/// | 1008  | silence: not even a ping was answered                          |
/// | 1009  | a message that is too large                                    |
/// | 1011  | something broke inside the node                                |
/// | 1013  | the memory for what clients send is in use; try again          |
///
/// Bound: [#PENDING_BYTES_MAX] and one more message of each writer wait for the client; then [#write] blocks until
/// less than half of it is left. While the client takes nothing, nothing is read from it either. What has arrived
/// of a message is charged to the node's budget.
///
/// Threading: the event loop, but for [#write] and [#isGone].
final class WebSocketStream implements Socket {
    private static final int PENDING_BYTES_MAX = 256 << 10;
    private static final int KEPT_BYTES_MAX = 16 << 10;
    private static final byte[] EMPTY = new byte[0];

    private final Connection connection;
    private final SocketReceiver receiver;
    private final int messageBytesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long pendingBytes; // guarded by lock
    private volatile boolean gone;
    private byte[] message = EMPTY;
    private int messageLength;
    private long chargedBytes;
    private long pingedNanos;
    private boolean pinged; // since something came

    WebSocketStream(Connection connection, SocketReceiver receiver, int messageBytesMax) {
        this.connection = connection;
        this.receiver = receiver;
        this.messageBytesMax = messageBytesMax;
    }

    // ---- what comes
    // ----------------------------------------------------------------------------------------------------

    /// Bytes that will be decoded, and be kept until their frame is complete.
    void arrived(int bytes) {
        pinged = false;
        if (gone) {
            return;
        }
        if (connection.server.budget.reserve(bytes)) {
            chargedBytes += bytes;
        } else {
            close(WebSocketCloseStatus.TRY_AGAIN_LATER, "the memory for messages is in use");
        }
    }

    void frame(WebSocketFrame frame) {
        switch (frame) {
            case TextWebSocketFrame text -> piece(text);
            case ContinuationWebSocketFrame continuation -> piece(continuation);
            case BinaryWebSocketFrame binary ->
                close(WebSocketCloseStatus.INVALID_MESSAGE_TYPE, "messages are JSON text");
            case PingWebSocketFrame ping ->
                connection.writeFrame(new PongWebSocketFrame(Unpooled.copiedBuffer(ping.content())));
            case CloseWebSocketFrame close -> answerClose(close);
            default -> {} // a pong: its bytes have been noticed
        }
        if (messageLength == 0) {
            release();
        }
    }

    private void piece(WebSocketFrame frame) {
        ByteBuf bytes = frame.content();
        int count = bytes.readableBytes();
        if (count > messageBytesMax - messageLength) {
            tooLarge();
            return;
        }
        if (message.length - messageLength < count) {
            int wanted = messageLength + count;
            message = Arrays.copyOf(message, frame.isFinalFragment() ? wanted : Math.max(wanted, messageLength * 2));
        }
        bytes.readBytes(message, messageLength, count);
        messageLength += count;
        if (!frame.isFinalFragment()) {
            return;
        }
        int length = messageLength;
        messageLength = 0;
        connection.server.bytesIn.add(length);
        if (Utf8.isValid(message, 0, length)) {
            receiver.message(message, length);
        } else {
            close(WebSocketCloseStatus.INVALID_PAYLOAD_DATA, "the message is not UTF-8");
        }
        if (message.length > KEPT_BYTES_MAX) {
            message = EMPTY;
        }
    }

    private void release() {
        connection.server.budget.release(chargedBytes);
        chargedBytes = 0;
    }

    private void tooLarge() {
        close(WebSocketCloseStatus.MESSAGE_TOO_BIG, "a message may have " + messageBytesMax + " bytes");
    }

    /// The decoder refused what came.
    void refused(WebSocketCloseStatus status, String reason) {
        if (status.code() == WebSocketCloseStatus.MESSAGE_TOO_BIG.code()) {
            tooLarge();
        } else {
            close(status, reason);
        }
    }

    private void answerClose(CloseWebSocketFrame frame) {
        if (!gone) {
            int code = frame.statusCode();
            end();
            connection.writeFrame(code < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(code, ""));
        }
        connection.closeGently();
    }

    // ---- what goes
    // -----------------------------------------------------------------------------------------------------

    @Override
    public boolean write(JsonBuffer text) {
        int size = text.size();
        lock.lock();
        try {
            while (!gone && pendingBytes >= PENDING_BYTES_MAX) {
                changed.awaitUninterruptibly();
            }
            if (gone) {
                text.clear();
                return false;
            }
            pendingBytes += size;
        } finally {
            lock.unlock();
        }
        TextWebSocketFrame frame = new TextWebSocketFrame(Unpooled.wrappedBuffer(text.toBytes()));
        text.clear();
        connection.context.submit(new LoopTask() {
            @Override
            public void run() {
                if (gone) {
                    frame.release();
                    written(size);
                } else {
                    connection.writeFrame(frame).addListener(done -> written(size));
                }
            }
        });
        return true;
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
    public void tell(JsonBuffer text) {
        if (!gone) {
            connection.writeFrame(new TextWebSocketFrame(Unpooled.wrappedBuffer(text.toBytes())));
        }
    }

    @Override
    public boolean isGone() {
        return gone;
    }

    // ---- the end
    // -------------------------------------------------------------------------------------------------------

    void close(WebSocketCloseStatus status, String reason) {
        if (!gone) {
            end();
            connection.writeFrame(new CloseWebSocketFrame(status, reason));
            connection.closeGently();
        }
    }

    /// Nothing is sent any more, and what runs for the client ends.
    void end() {
        if (gone) {
            return;
        }
        lock.lock();
        try {
            gone = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        release();
        message = EMPTY;
        messageLength = 0;
        receiver.gone();
    }

    /// @param silentNanos since something came
    void sweep(long silentNanos, long nowNanos) {
        long limitNanos = TimeUnit.MILLISECONDS.toNanos(connection.server.settings.idleTimeoutMs());
        if (pinged ? nowNanos - pingedNanos > limitNanos / 2 : silentNanos > limitNanos) {
            close(WebSocketCloseStatus.POLICY_VIOLATION, "nothing came, not even an answer to a ping");
        } else if (!pinged && silentNanos > limitNanos / 2) {
            pinged = true;
            pingedNanos = nowNanos;
            connection.writeFrame(new PingWebSocketFrame());
        }
    }
}
