package io.millrace.http.server;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.HttpFailure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/// A compressed body: collected, then decoded on a virtual thread, chunk by chunk, never past the limit.
final class EncodedBody implements BodyReceiver {
    private static final int CHUNK_BYTES = 64 << 10;
    /// 8 MB: what a decoder must hold at most, as RFC 9659 asks of HTTP.
    private static final int ZSTD_WINDOW_LOG_MAX = 23;

    private final ServerExchange exchange;
    private final BodyReceiver receiver;
    private final boolean zstd;
    private final long limit;
    private byte[] body = new byte[1024];
    private int length;

    private EncodedBody(ServerExchange exchange, BodyReceiver receiver, boolean zstd, long limit) {
        this.exchange = exchange;
        this.receiver = receiver;
        this.zstd = zstd;
        this.limit = limit;
    }

    /// @throws HttpFailure `unsupported_encoding`
    static void check(String encoding) {
        switch (encoding.toLowerCase(Locale.ROOT)) {
            case "gzip", "x-gzip", "zstd", "identity" -> {}
            default ->
                throw new HttpFailure(
                        ErrorCode.UNSUPPORTED_ENCODING,
                        "Content-Encoding may be gzip, zstd or identity, not '" + encoding + "'.");
        }
    }

    static BodyReceiver wrap(ServerExchange exchange, BodyReceiver receiver, String encoding, long limit) {
        return switch (encoding.toLowerCase(Locale.ROOT)) {
            case "zstd" -> new EncodedBody(exchange, receiver, true, limit);
            case "gzip", "x-gzip" -> new EncodedBody(exchange, receiver, false, limit);
            default -> receiver;
        };
    }

    @Override
    public void bytes(ByteBuf piece, boolean last) {
        int count = piece.readableBytes();
        if (body.length - length < count) {
            body = Arrays.copyOf(body, Math.max(length + count, length * 2));
        }
        piece.readBytes(body, length, count);
        length += count;
    }

    @Override
    public void end() {
        Thread.ofVirtual().name("decode-" + exchange.requestId()).start(this::decode);
    }

    private void decode() {
        try {
            byte[] chunk = new byte[CHUNK_BYTES];
            long total = 0;
            try (InputStream compressed = new ByteArrayInputStream(body, 0, length);
                    InputStream decoded = zstd ? zstd(compressed) : new GZIPInputStream(compressed)) {
                for (int count = decoded.read(chunk); count >= 0; count = decoded.read(chunk)) {
                    total += count;
                    if (total > limit) {
                        throw RequestHead.bodyTooLarge(limit);
                    }
                    if (!exchange.reserve(count)) {
                        throw RequestHead.overBudget();
                    }
                    receiver.bytes(Unpooled.wrappedBuffer(chunk, 0, count), false);
                }
            } catch (IOException malformed) {
                throw new HttpFailure(
                        ErrorCode.MALFORMED_BODY,
                        "The body is not valid " + (zstd ? "zstd" : "gzip") + ": " + malformed.getMessage() + ".");
            }
            receiver.end();
        } catch (RuntimeException | Error failure) {
            receiver.abandoned();
            exchange.fail(failure);
        }
    }

    private static InputStream zstd(InputStream compressed) throws IOException {
        ZstdInputStreamNoFinalizer stream = new ZstdInputStreamNoFinalizer(compressed);
        stream.setLongMax(ZSTD_WINDOW_LOG_MAX);
        return stream;
    }

    @Override
    public void abandoned() {
        receiver.abandoned();
    }
}
