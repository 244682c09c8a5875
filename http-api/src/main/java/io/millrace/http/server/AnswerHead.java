package io.millrace.http.server;

import io.millrace.http.json.JsonBuffer;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/// Writes the head of an answer, from ready-made pieces.
///
/// Threading: the event loop whose scratch it writes to.
final class AnswerHead {
    private static final byte[] OK = ascii("HTTP/1.1 200 OK");
    private static final byte[] DATE = ascii("\r\nDate: ");
    private static final byte[] REQUEST_ID = ascii("\r\nX-Request-Id: ");
    private static final byte[] TYPE = ascii("\r\nContent-Type: ");
    private static final byte[] LENGTH = ascii("\r\nContent-Length: ");
    private static final byte[] LINE = ascii("\r\n");
    private static final byte[] CLOSE = ascii("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE = ascii("Connection: keep-alive\r\n");
    private static final byte[] ALLOW_ORIGIN = ascii("Vary: Origin\r\nAccess-Control-Allow-Origin: ");

    private AnswerHead() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// The first lines, without an end, in the loop's scratch: one copy into the socket's buffer is cheaper
    /// than a dozen.
    static JsonBuffer begin(LoopContext context, ServerExchange answered, int status) {
        JsonBuffer head = context.head.clear();
        if (status == 200) {
            head.raw(OK);
        } else {
            head.ascii("HTTP/1.1 ").number(status).put(' ').ascii(reason(status));
        }
        head.raw(DATE).raw(context.date()).raw(REQUEST_ID);
        answered.writeRequestId(head);
        return head;
    }

    /// Of a body of a length that is not told here.
    static JsonBuffer content(JsonBuffer head, String contentType) {
        return head.raw(TYPE).ascii(contentType);
    }

    static JsonBuffer content(JsonBuffer head, String contentType, int length) {
        return content(head, contentType).raw(LENGTH).number(length);
    }

    /// The rest of the head and the empty line.
    ///
    /// @param headerLines more of them, each with its end
    static void end(JsonBuffer head, HttpServer server, ServerExchange answered, boolean close, String headerLines) {
        head.raw(LINE);
        if (close) {
            head.raw(CLOSE);
        } else if (answered.http10) {
            head.raw(KEEP_ALIVE);
        }
        if (!headerLines.isEmpty()) {
            head.raw(headerLines.getBytes(StandardCharsets.ISO_8859_1)); // may hold what a client has sent
        }
        String origin = answered.header(HttpHeaderNames.ORIGIN);
        if (origin != null && server.allowsOrigin(origin, answered.header(HttpHeaderNames.HOST))) {
            head.raw(ALLOW_ORIGIN)
                    .raw(origin.getBytes(StandardCharsets.ISO_8859_1))
                    .raw(LINE);
        }
        head.raw(LINE);
    }

    private static String reason(int status) {
        return HttpResponseStatus.valueOf(status).reasonPhrase();
    }
}
