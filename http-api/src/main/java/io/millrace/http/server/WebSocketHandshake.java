package io.millrace.http.server;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.HttpFailure;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// The opening handshake of RFC 6455 §4.2: what is asked of a request, and its answer.
final class WebSocketHandshake {
    private static final int KEY_BYTES = 16;

    private WebSocketHandshake() {}

    /// @param impossible whether the request's method or version rules a WebSocket out
    /// @throws HttpFailure `upgrade_required`, `malformed_request` or `not_acceptable`
    static void check(HttpHeaders headers, boolean impossible, String subprotocol) {
        if (impossible
                || !headers.containsValue(HttpHeaderNames.CONNECTION, "upgrade", true)
                || !headers.containsValue(HttpHeaderNames.UPGRADE, "websocket", true)) {
            throw new HttpFailure(
                            ErrorCode.UPGRADE_REQUIRED,
                            "GET is the handshake of a WebSocket here (subprotocol " + subprotocol
                                    + "); POST takes SQL as a body.")
                    .withHeader("Upgrade", "websocket");
        }
        if (!"13".equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
            throw new HttpFailure(ErrorCode.UPGRADE_REQUIRED, "The version of WebSocket spoken here is 13.")
                    .withHeader("Upgrade", "websocket")
                    .withHeader("Sec-WebSocket-Version", "13");
        }
        if (!isKey(headers.get(HttpHeaderNames.SEC_WEBSOCKET_KEY))) {
            throw new HttpFailure(ErrorCode.MALFORMED_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64.");
        }
        if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)
                && !headers.containsValue(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, subprotocol, false)) {
            throw new HttpFailure(ErrorCode.NOT_ACCEPTABLE, "The only subprotocol spoken here is " + subprotocol + ".");
        }
    }

    private static boolean isKey(@Nullable String key) {
        try {
            return key != null && Base64.getDecoder().decode(key.strip()).length == KEY_BYTES;
        } catch (IllegalArgumentException malformed) {
            return false;
        }
    }

    /// Answers 101 and puts frames in the place of requests.
    static void answer(
            ChannelHandlerContext connection,
            HttpRequest request,
            HttpHeaders added,
            String subprotocol,
            int messageBytesMax) {
        WebSocketDecoderConfig config = WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(messageBytesMax)
                .expectMaskedFrames(true)
                .allowMaskMismatch(false)
                .allowExtensions(false)
                .closeOnProtocolViolation(false) // the connection closes, with its own message
                .build();
        // the handshaker wants one to write its answer with, and takes it out again
        connection.pipeline().addBefore(connection.name(), "handshake", new HttpResponseEncoder());
        new WebSocketServerHandshaker13(request.uri(), subprotocol, config)
                .handshake(
                        connection.channel(),
                        new DefaultFullHttpRequest(
                                request.protocolVersion(),
                                request.method(),
                                request.uri(),
                                Unpooled.EMPTY_BUFFER,
                                request.headers(),
                                new DefaultHttpHeaders()),
                        added,
                        connection.channel().newPromise());
    }
}
