package io.millrace.http.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts handshakes that fail, and keeps what clients do wrong in TLS from looking like a fault of this node.
///
/// Threading: the event loop.
final class TlsEvents extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(TlsEvents.class);
    private final HttpServer server;

    TlsEvents(HttpServer server) {
        this.server = server;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext active, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake && !handshake.isSuccess()) {
            server.handshakesFailed.increment();
            LOG.atDebug()
                    .addKeyValue("client", active.channel().remoteAddress())
                    .addKeyValue("reason", String.valueOf(handshake.cause()))
                    .log("TLS handshake failed");
            active.close();
            return;
        }
        active.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext active, Throwable cause) {
        Throwable reason = cause instanceof DecoderException && cause.getCause() != null ? cause.getCause() : cause;
        if (reason instanceof SSLException) {
            LOG.atDebug().setCause(reason).log("TLS connection failed");
            active.close();
            return;
        }
        active.fireExceptionCaught(cause);
    }
}
