package io.millrace.http.server;

import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.HttpFailure;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.Iterator;
import java.util.List;

/// What a request's head says, and why one is refused before anybody has looked for its route: RFC 9112,
/// without state.
final class RequestHead {
    private RequestHead() {}

    /// Where the path of a request target ends, excluded.
    static int pathEnd(String uri) {
        int query = uri.indexOf('?');
        int fragment = uri.indexOf('#');
        int end = query < 0 ? uri.length() : query;
        return fragment >= 0 && fragment < end ? fragment : end;
    }

    /// Why a head that could not be decoded is refused.
    static HttpFailure malformed(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException tooLong ->
                new HttpFailure(ErrorCode.URI_TOO_LONG, "The request line is too long: " + tooLong.getMessage());
            case TooLongHttpHeaderException tooLong ->
                new HttpFailure(ErrorCode.HEADERS_TOO_LARGE, "The headers are too large: " + tooLong.getMessage());
            default ->
                new HttpFailure(ErrorCode.MALFORMED_REQUEST, "The request is not HTTP/1.1: " + cause.getMessage());
        };
    }

    /// HTTP/1.0 or 1.1, one Host, and no transfer coding but chunked.
    ///
    /// @throws HttpFailure it is otherwise
    static void check(HttpRequest request) {
        HttpVersion version = request.protocolVersion();
        if (version.majorVersion() != 1 || version.minorVersion() > 1) {
            throw new HttpFailure(
                    ErrorCode.HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1, not " + version + ".");
        }
        Iterator<? extends CharSequence> hosts = request.headers().valueCharSequenceIterator(HttpHeaderNames.HOST);
        boolean named = hosts.hasNext();
        if (named) {
            hosts.next();
        }
        if (hosts.hasNext() || (!named && version.minorVersion() == 1)) {
            throw new HttpFailure(ErrorCode.MALFORMED_REQUEST, "An HTTP/1.1 request has exactly one Host header.");
        }
        if (!request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)) {
            return;
        }
        List<String> codings = request.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (codings.size() != 1 || !codings.getFirst().equalsIgnoreCase("chunked")) {
            throw new HttpFailure(ErrorCode.NOT_IMPLEMENTED, "The only transfer coding understood is chunked.");
        }
    }

    /// Whether the client waits for leave to send the body.
    ///
    /// @throws HttpFailure it expects something else
    static boolean expectsContinue(HttpRequest request) {
        String expect = request.headers().get(HttpHeaderNames.EXPECT);
        if (expect != null && !expect.equalsIgnoreCase("100-continue")) {
            throw new HttpFailure(
                    ErrorCode.EXPECTATION_FAILED, "The only expectation that can be met is 100-continue.");
        }
        return expect != null;
    }

    /// @param limit in bytes; 0 where no body is taken at all
    static HttpFailure bodyTooLarge(long limit) {
        return new HttpFailure(
                        ErrorCode.BODY_TOO_LARGE,
                        limit == 0
                                ? "This route takes no body."
                                : "The body may have %d bytes (also after decompression).".formatted(limit))
                .with("limit_bytes", limit);
    }

    /// The memory for bodies is used up.
    static HttpFailure overBudget() {
        return new HttpFailure(
                ErrorCode.OVERLOADED,
                "The bodies of other requests fill the memory set aside for them. Nothing has happened; try again.");
    }
}
