package io.millrace.http.server;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.tls.NodeCertificates;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Looks at the first byte of a connection that should speak TLS. A handshake gets its handler; plain HTTP gets
/// an answer that says what to do, and anything else is closed.
///
/// Threading: the event loop.
final class TlsGate extends ByteToMessageDecoder {
    /// Type of a TLS record that carries a handshake (RFC 8446 §5.1).
    private static final int HANDSHAKE = 22;
    private static final long LINGER_MS = 2000;

    private final HttpServer server;
    private final NodeCertificates certificates;
    private boolean refused;

    TlsGate(HttpServer server, NodeCertificates certificates) {
        this.server = server;
        this.certificates = certificates;
    }

    @Override
    protected void decode(ChannelHandlerContext active, ByteBuf bytes, List<Object> decoded) {
        if (refused) {
            bytes.skipBytes(bytes.readableBytes());
            return;
        }
        int first = bytes.getUnsignedByte(bytes.readerIndex());
        if (first == HANDSHAKE) {
            // what has arrived is handed on to it
            active.pipeline()
                    .replace(this, "tls", certificates.serverHandler(active.alloc(), server.settings.headTimeoutMs()));
            return;
        }
        refused = true;
        server.handshakesFailed.increment();
        bytes.skipBytes(bytes.readableBytes());
        if (first < 'A' || first > 'Z') {
            active.close();
            return;
        }
        JsonBuffer json = ServerExchange.errorJson(
                new HttpFailure(
                        ErrorCode.TLS_REQUIRED,
                        "This port speaks TLS, and the request was not encrypted: use https:// in its address."),
                server.requestId(server.nextRequestNumber()));
        ByteBuf answer = active.alloc().buffer();
        answer.writeCharSequence(
                "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
                        + json.size() + "\r\n\r\n",
                StandardCharsets.US_ASCII);
        answer.writeBytes(json.bytes(), 0, json.size());
        // what still comes is read for a moment: closing at once would make its system throw the answer away
        active.writeAndFlush(answer).addListener((ChannelFutureListener) written -> {
            if (written.channel() instanceof DuplexChannel duplex && duplex.isActive()) {
                duplex.shutdownOutput();
            }
            active.executor().schedule(() -> active.close(), LINGER_MS, TimeUnit.MILLISECONDS);
        });
    }
}
