package io.millrace.http.route;

import io.millrace.http.json.JsonBuffer;
import io.netty.handler.codec.http.HttpMethod;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// One request and its answer. Answered once, by [#reply], [#fail] or [#stream].
///
/// Threading: any thread may read the request and answer; [#scratch] belongs to the event loop.
public interface Exchange {
    String JSON = "application/json";
    String NDJSON = "application/x-ndjson";
    String EVENTS = "text/event-stream";

    HttpMethod method();

    Route route();

    /// Path and query as they were sent.
    String uri();

    /// The decoded path parameter, by its place in the route's path.
    ///
    /// @throws HttpFailure `malformed_uri`
    String pathParameter(int index);

    /// The query string, parsed when first asked for and checked against the route's names.
    ///
    /// @throws HttpFailure `malformed_uri`, `invalid_parameter`, `unknown_parameter`
    Parameters parameters();

    @Nullable
    String header(CharSequence name);

    /// Shows all headers in order. Each character of a value is one byte as it was sent.
    void forEachHeader(BiConsumer<CharSequence, CharSequence> action);

    String requestId();

    /// When the head was complete, by `System.nanoTime`.
    long arrivedNanos();

    /// The topics that the caller's token covers; the route table checks names in paths, handlers those in
    /// bodies.
    ///
    /// @throws HttpFailure `forbidden`
    void checkTopic(String topic);

    /// Whether the caller may see a topic in a list.
    boolean maySee(String topic);

    /// Charges memory that this request holds until it is answered; a large answer until the client has it.
    ///
    /// @return false when the node's budget is spent; answer `overloaded` then
    boolean reserve(long bytes);

    /// A buffer for answers that are made on the event loop, cleared.
    JsonBuffer scratch();

    /// Answers. The array is copied when called on the event loop and belongs to the answer otherwise.
    void reply(int status, String contentType, JsonBuffer body);

    /// Answers with further header lines, each ended by CR LF.
    void reply(int status, String contentType, JsonBuffer body, String headerLines);

    void fail(Throwable failure);

    /// Starts an answer without a known end.
    ReplyStream stream(int status, String contentType);

    /// Answers a request whose body has ended with the handshake of a WebSocket; on the event loop.
    ///
    /// A client that offers no subprotocol gets the only one there is, unnamed.
    ///
    /// @param messageBytesMax a larger message closes the socket
    /// @throws HttpFailure `upgrade_required`, `malformed_request`, or `not_acceptable` when only other
    ///     subprotocols are offered
    void upgrade(String subprotocol, int messageBytesMax, SocketReceiver receiver);

    boolean isAnswered();

    /// Runs a task on the connection's event loop, together with others.
    void onLoop(LoopTask task);

    /// Runs an action once when the event loop has read what its connections have sent so far, however often it is
    /// asked for until then. Call it on the event loop.
    void afterReads(Runnable action);

    /// Runs something on the event loop later; cancel what is no longer needed.
    Future<?> schedule(Runnable task, long delay, TimeUnit unit);

    /// Called when the client has gone before the answer was complete, or the node stops: end it soon. At once
    /// if that has happened already.
    void onGone(Runnable action);
}
