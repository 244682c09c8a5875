package io.millrace.http.server;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/// Refuses what two readers of the same bytes could understand differently: a message with both
/// `Transfer-Encoding` and `Content-Length` (RFC 9112 §6.3 allows to drop one; request smuggling lives there).
final class StrictRequestDecoder extends HttpRequestDecoder {
    private static final int CHUNK_BYTES_MAX = 64 << 10;

    StrictRequestDecoder(ServerSettings settings) {
        super(new HttpDecoderConfig()
                .setMaxInitialLineLength(settings.uriBytesMax())
                .setMaxHeaderSize(settings.headerBytesMax())
                .setMaxChunkSize(CHUNK_BYTES_MAX)
                .setInitialBufferSize(256)
                .setValidateHeaders(true)
                .setAllowDuplicateContentLengths(false));
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
        throw new IllegalArgumentException("both Transfer-Encoding and Content-Length are there");
    }
}
