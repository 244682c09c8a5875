package io.millrace.http.server;

import io.millrace.http.auth.Token;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Route;
import io.millrace.http.route.RouteTable;
import io.millrace.http.route.SocketReceiver;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AsciiString;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client's connection.
///
/// ```
///            head            body end          answer written
///   IDLE ──────────▶ BODY ──────────▶ ANSWER ──────────▶ IDLE
///                      │ refused early, or a fault           ▲
///                      └─▶ answer, close the sending side, ──┘ (or closed)
///                          read on for a moment
/// ```
///
/// Requests of one connection are handled one after another (RFC 9112 §9.3.2: only safe requests might overlap),
/// so pipelined ones wait here, decoded; while they wait nothing more is read from the socket.
///
/// Threading: the event loop. Other threads reach it through [LoopContext#submit].
final class Connection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");
    private static final AsciiString REQUEST_ID_NAME = AsciiString.cached("X-Request-Id");
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

    final HttpServer server;
    final LoopContext context;
    private final RouteTable.Match match = new RouteTable.Match();
    private final ArrayDeque<Object> waiting = new ArrayDeque<>();
    private @Nullable ChannelHandlerContext channel;
    private @Nullable ServerExchange exchange; // null between requests
    private @Nullable BodyReceiver receiver; // null when there is no body to deliver
    private boolean bodyComplete;
    private boolean answerComplete;
    private boolean discarding; // what still comes is not wanted: the sending side is closed or will be
    private boolean processing;
    private boolean unflushed;
    private long bodyLeftMax;
    private boolean chunkedBody;
    private @Nullable List<Runnable> goneActions;
    private @Nullable WebSocketStream socket; // from its handshake to the end of the connection
    private boolean gone;
    // the caller's token is looked up once and again when the header changes
    private @Nullable String authorization;
    private @Nullable Token token;

    private long lastReadNanos = System.nanoTime();
    private long phaseStartNanos = lastReadNanos;
    private boolean headStarted;
    private final WriteProgress writing = new WriteProgress(lastReadNanos);

    Connection(HttpServer server, LoopContext context) {
        this.server = server;
        this.context = context;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private ChannelHandlerContext channel() {
        ChannelHandlerContext active = channel;
        if (active == null) {
            throw new IllegalStateException("the connection is not active");
        }
        return active;
    }

    // ---- events of the channel
    // -------------------------------------------------------------------------------------

    @Override
    public void channelActive(ChannelHandlerContext active) {
        channel = active;
        context.connections.add(this);
        server.connected(this);
    }

    /// Raw bytes have arrived, before they are decoded.
    void bytesArrived(int count) {
        lastReadNanos = System.nanoTime();
        WebSocketStream open = socket;
        if (open != null) {
            open.arrived(count);
            return;
        }
        if (exchange == null && !headStarted) {
            headStarted = true;
            phaseStartNanos = lastReadNanos;
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext active, Object message) {
        if (discarding || gone) {
            if (message instanceof CloseWebSocketFrame) {
                active.close(); // the client has read our close frame
            }
            ReferenceCountUtil.release(message);
            return;
        }
        WebSocketStream open = socket;
        if (open != null) {
            try {
                if (message instanceof WebSocketFrame frame) {
                    open.frame(frame);
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
            if (!active.channel().isWritable()) {
                active.channel().config().setAutoRead(false); // answers to messages would pile up
            }
            return;
        }
        if (!waiting.isEmpty() || !mayProcess(message)) {
            waiting.add(message);
            active.channel().config().setAutoRead(false);
            return;
        }
        process(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext active) {
        context.flush();
    }

    private boolean mayProcess(Object message) {
        if (message instanceof HttpRequest) {
            return exchange == null && channel().channel().isWritable();
        }
        return true;
    }

    private void process(Object message) {
        processing = true;
        try {
            if (message instanceof HttpRequest request) {
                begin(request);
            }
            if (message instanceof HttpContent content) {
                body(content);
            }
        } finally {
            processing = false;
            ReferenceCountUtil.release(message);
        }
    }

    private void drain() {
        if (processing) {
            return;
        }
        while (!waiting.isEmpty() && !gone) {
            Object next = waiting.peek();
            if (discarding) {
                ReferenceCountUtil.release(waiting.poll());
                continue;
            }
            if (!mayProcess(next)) {
                return;
            }
            waiting.poll();
            process(next);
        }
        if (!gone && waiting.isEmpty() && !channel().channel().config().isAutoRead()) {
            channel().channel().config().setAutoRead(true);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext active) {
        if (active.channel().isWritable()) {
            drain();
            context.flush();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext active) {
        gone = true;
        context.connections.remove(this);
        server.disconnected(this);
        while (!waiting.isEmpty()) {
            ReferenceCountUtil.release(waiting.poll());
        }
        WebSocketStream open = socket;
        if (open != null) {
            open.end();
        }
        ServerExchange current = exchange;
        BodyReceiver receiving = receiver;
        if (current != null) {
            if (receiving != null && !bodyComplete) {
                receiver = null;
                receiving.abandoned();
                current.claimAnswer();
                current.release();
                server.abandoned.increment();
            }
            if (!current.isAnswered()) {
                server.clientsGone.increment();
            }
        }
        runGoneActions();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext active, Throwable cause) {
        WebSocketStream open = socket;
        if (open != null && cause instanceof CorruptedWebSocketFrameException corrupted) {
            open.refused(corrupted.closeStatus(), String.valueOf(corrupted.getMessage()));
            return;
        }
        if (cause instanceof java.io.IOException) {
            LOG.atDebug().setCause(cause).log("connection lost");
        } else {
            LOG.atError().setCause(cause).log("connection failed");
            if (open != null && !open.isGone()) {
                open.close(WebSocketCloseStatus.INTERNAL_SERVER_ERROR, "something broke inside the node");
                return;
            }
        }
        active.close();
    }

    void onGone(Runnable action) {
        if (context.loop.inEventLoop()) {
            addGoneAction(action);
        } else {
            context.loop.execute(() -> addGoneAction(action));
        }
    }

    private void addGoneAction(Runnable action) {
        if (gone || server.isDraining()) {
            action.run();
            return;
        }
        List<Runnable> actions = goneActions;
        if (actions == null) {
            actions = new ArrayList<>(2);
            goneActions = actions;
        }
        actions.add(action);
    }

    private void runGoneActions() {
        List<Runnable> actions = goneActions;
        goneActions = null;
        if (actions != null) {
            actions.forEach(Runnable::run);
        }
    }

    // ---- a request's head
    // --------------------------------------------------------------------------------------------

    private void begin(HttpRequest request) {
        headStarted = false;
        lastReadNanos = System.nanoTime();
        phaseStartNanos = lastReadNanos;
        bodyComplete = false;
        answerComplete = false;
        receiver = null;
        server.requests.increment();
        String uri = request.uri();
        boolean decoded = request.decoderResult().isSuccess();
        ServerExchange begun = new ServerExchange(
                this,
                request,
                uri,
                RequestHead.pathEnd(uri),
                HttpServer.saneRequestId(request.headers().get(REQUEST_ID_NAME)),
                lastReadNanos,
                decoded && HttpUtil.isKeepAlive(request) && !server.isDraining());
        exchange = begun;
        try {
            if (!decoded) {
                throw RequestHead.malformed(request.decoderResult().cause());
            }
            RequestHead.check(request);
            if (request.method().equals(HttpMethod.OPTIONS)) {
                options(begun, request);
                return;
            }
            accept(begun, request);
        } catch (RuntimeException | Error failure) {
            begun.fail(failure);
        }
    }

    private void accept(ServerExchange begun, HttpRequest request) {
        String uri = request.uri();
        Route route = server.routes.find(request.method(), uri, RequestHead.pathEnd(uri), match);
        checkOrigin(request);
        Token bearer = authenticate(request, route);
        begun.found(route, match, bearer);
        if (!bearer.allows(route.scope())) {
            throw new HttpFailure(
                    ErrorCode.FORBIDDEN,
                    "This token does not allow " + route.scope().name().toLowerCase(java.util.Locale.ROOT)
                            + " requests.");
        }
        if (route.topicParameter() >= 0) {
            begun.checkTopic(begun.pathParameter(route.topicParameter()));
        }
        long length = HttpUtil.getContentLength(request, 0L);
        chunkedBody = request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING); // checkHead knows no other
        bodyLeftMax = route.bodyBytesMax();
        if (length > bodyLeftMax || (chunkedBody && bodyLeftMax == 0)) {
            throw RequestHead.bodyTooLarge(route.bodyBytesMax());
        }
        if (length > 0 && !begun.reserve(length)) {
            throw RequestHead.overBudget();
        }
        String encoding = length > 0 || chunkedBody ? request.headers().get(HttpHeaderNames.CONTENT_ENCODING) : null;
        if (encoding != null) {
            EncodedBody.check(encoding);
        }
        boolean expects = RequestHead.expectsContinue(request);
        if (RequestHead.pathEnd(uri) < uri.length() && route.parameters().isEmpty()) {
            begun.parameters(); // refuses what is not known; handlers with parameters ask themselves
        }
        BodyReceiver wanted = route.handler().begin(begun);
        receiver = encoding == null ? wanted : EncodedBody.wrap(begun, wanted, encoding, route.bodyBytesMax());
        if (expects && !begun.isAnswered() && (length > 0 || chunkedBody)) {
            write(channel().alloc().buffer(CONTINUE.length).writeBytes(CONTINUE));
        }
    }

    private Token authenticate(HttpRequest request, Route route) {
        if (route.scope() == io.millrace.http.route.Scope.PUBLIC) {
            return Token.OPEN;
        }
        String header = request.headers().get(HttpHeaderNames.AUTHORIZATION);
        Token known = token;
        if (known == null || !java.util.Objects.equals(header, authorization)) {
            known = server.tokens.authenticate(header);
            token = known;
            authorization = header;
        }
        return known;
    }

    /// A web page of another origin may not talk to this node, unless it was allowed: browsers send simple
    /// requests without asking first, and a node on loopback has no tokens.
    private void checkOrigin(HttpRequest request) {
        String origin = request.headers().get(HttpHeaderNames.ORIGIN);
        if (origin != null && !server.allowsOrigin(origin, request.headers().get(HttpHeaderNames.HOST))) {
            throw new HttpFailure(
                    ErrorCode.ORIGIN_NOT_ALLOWED,
                    "Pages of " + origin + " may not call this node. Add the origin to http.origins.");
        }
    }

    private void options(ServerExchange begun, HttpRequest request) {
        String uri = request.uri();
        String allow = uri.equals("*")
                ? "GET, HEAD, POST, PUT, DELETE, OPTIONS"
                : server.routes.allowed(uri, RequestHead.pathEnd(uri), match);
        StringBuilder lines = new StringBuilder("Allow: ").append(allow).append("\r\n");
        if (request.headers().get(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD) != null) {
            checkOrigin(request);
            lines.append("Access-Control-Allow-Methods: ").append(allow).append("\r\n");
            lines.append("Access-Control-Allow-Headers: Authorization, Content-Type, Content-Encoding, Accept,"
                    + " Last-Event-ID, X-Request-Id\r\n");
            lines.append("Access-Control-Max-Age: 600\r\n");
        }
        bodyLeftMax = 0;
        begun.reply(204, Exchange.JSON, new JsonBuffer(0), lines.toString());
    }

    // ---- a request's body
    // --------------------------------------------------------------------------------------------

    private void body(HttpContent content) {
        ServerExchange current = exchange;
        if (current == null) {
            return; // the rest of a request whose answer closed the connection
        }
        boolean last = content instanceof LastHttpContent;
        BodyReceiver receiving = receiver;
        try {
            if (!content.decoderResult().isSuccess()) {
                throw new HttpFailure(
                        ErrorCode.MALFORMED_REQUEST,
                        "The body is framed wrongly: "
                                + content.decoderResult().cause().getMessage());
            }
            ByteBuf bytes = content.content();
            int count = bytes.readableBytes();
            if (count > 0 && receiving != null && !current.isAnswered()) {
                if (count > bodyLeftMax) {
                    throw RequestHead.bodyTooLarge(current.route().bodyBytesMax());
                }
                bodyLeftMax -= count;
                if (chunkedBody && !current.reserve(count)) {
                    throw RequestHead.overBudget();
                }
                server.bytesIn.add(count);
                receiving.bytes(bytes, last);
            }
            if (last) {
                bodyComplete = true;
                receiver = null;
                if (receiving != null && !current.isAnswered()) {
                    receiving.end();
                }
            }
        } catch (RuntimeException | Error failure) {
            receiver = null;
            if (receiving != null) {
                receiving.abandoned();
            }
            current.fail(failure);
        }
        if (last && answerComplete) {
            finish();
        }
    }

    // ---- answers
    // -------------------------------------------------------------------------------------------------------

    void answer(ServerExchange answered, int status, String contentType, byte[] body, int length, String headerLines) {
        if (gone) {
            answered.release();
            return;
        }
        server.answered(status, answered.arrivedNanos);
        boolean close = closes(answered, status);
        boolean bodyless = answered.headOnly || status == 204 || status == 304;
        JsonBuffer head = AnswerHead.begin(context, answered, status);
        if (status != 204) {
            AnswerHead.content(head, contentType, length);
        }
        AnswerHead.end(head, server, answered, close, headerLines);
        ByteBuf out = channel().alloc().buffer(head.size() + (bodyless ? 0 : length));
        out.writeBytes(head.bytes(), 0, head.size());
        if (!bodyless) {
            out.writeBytes(body, 0, length);
        }
        server.bytesOut.add(out.readableBytes());
        if (out.readableBytes() >= ServerExchange.LARGE_ANSWER_BYTES) {
            // what waits in the socket's queue is memory too
            answered.reserveAnswer(out.readableBytes());
            ChannelFuture written = write(out);
            written.addListener(done -> answered.release());
        } else {
            answered.release();
            write(out);
        }
        completed(close);
    }

    private boolean closes(ServerExchange answered, int status) {
        // an answer before the end of the body: the rest would be taken for the next request
        boolean early = !bodyComplete && (chunkedBody || bodyLeftMax > 0 || status >= 400);
        return !answered.keepAlive || server.isDraining() || (early && !isEmptyBodyComing());
    }

    /// Whether the end of a body that has no bytes is still to come in the same read.
    private boolean isEmptyBodyComing() {
        ServerExchange current = exchange;
        return current != null
                && !chunkedBody
                && current.header(HttpHeaderNames.TRANSFER_ENCODING) == null
                && current.header(HttpHeaderNames.CONTENT_LENGTH) == null;
    }

    /// The answer has been written; go on with the next request, or close.
    private void completed(boolean close) {
        answerComplete = true;
        if (close) {
            closeGently();
        } else if (bodyComplete) {
            finish();
        }
    }

    private void finish() {
        exchange = null;
        receiver = null;
        goneActions = null;
        phaseStartNanos = System.nanoTime();
        lastReadNanos = phaseStartNanos;
        if (server.isDraining()) {
            closeGently();
        } else {
            drain();
        }
    }

    /// Closes the sending side and reads on for a moment: closing at once while the client still sends would
    /// make its system throw the answer away (RFC 9112 §9.6).
    void closeGently() {
        if (discarding || gone) {
            return;
        }
        discarding = true;
        ChannelHandlerContext active = channel();
        active.channel().config().setAutoRead(true);
        flush();
        SslHandler tls = active.pipeline().get(SslHandler.class);
        if (tls != null && !tls.handshakeFuture().isSuccess()) {
            active.close(); // nothing can be said yet
            return;
        }
        active.write(active.alloc().buffer(0)).addListener((ChannelFutureListener) written -> {
            if (bodyComplete && waiting.isEmpty() && socket == null) {
                active.close();
            } else if (active.channel() instanceof DuplexChannel duplex && duplex.isActive()) {
                if (tls == null) {
                    duplex.shutdownOutput();
                } else { // without it a client could not tell the end from a cut
                    tls.closeOutbound().addListener(told -> duplex.shutdownOutput());
                }
                context.loop.schedule(() -> active.close(), LINGER_NANOS, TimeUnit.NANOSECONDS);
            } else {
                active.close();
            }
        });
        active.flush();
        while (!waiting.isEmpty()) {
            ReferenceCountUtil.release(waiting.poll());
        }
    }

    private ChannelFuture write(ByteBuf bytes) {
        return write(bytes, bytes.readableBytes());
    }

    private ChannelFuture write(Object message, int size) {
        if (!unflushed) {
            unflushed = true;
            context.unflushed(this);
        }
        writing.submitted(size);
        return channel().write(message);
    }

    void flush() {
        unflushed = false;
        ChannelHandlerContext active = channel;
        if (active != null && !gone) {
            active.flush();
        }
    }

    // ---- streams
    // -------------------------------------------------------------------------------------------------------

    AnswerStream stream(ServerExchange answered, int status, String contentType) {
        AnswerStream stream = new AnswerStream(this, answered);
        onGone(stream::clientGone);
        if (answered.headOnly) {
            stream.clientGone();
        }
        context.submit(new io.millrace.http.route.LoopTask() {
            @Override
            public void run() {
                beginStream(answered, status, contentType);
            }
        });
        return stream;
    }

    private void beginStream(ServerExchange answered, int status, String contentType) {
        answered.release();
        if (gone) {
            return;
        }
        server.answered(status, answered.arrivedNanos);
        boolean close = answered.http10 || closes(answered, status);
        JsonBuffer head = AnswerHead.content(AnswerHead.begin(context, answered, status), contentType);
        String lines = (answered.http10 ? "" : "Transfer-Encoding: chunked\r\n") + "Cache-Control: no-store\r\n";
        AnswerHead.end(head, server, answered, close, lines);
        write(channel().alloc().buffer(head.size()).writeBytes(head.bytes(), 0, head.size()));
        if (answered.headOnly) {
            completed(close);
        }
    }

    ChannelFuture writeStream(ByteBuf bytes) {
        server.bytesOut.add(bytes.readableBytes());
        return write(bytes);
    }

    void endStream(ServerExchange answered, boolean whole) {
        if (gone || answered.headOnly) {
            return;
        }
        if (!whole) {
            flush();
            channel().close();
            return;
        }
        if (!answered.http10) {
            write(channel().alloc().buffer(5).writeBytes(ascii("0\r\n\r\n")));
        }
        completed(answered.http10 || closes(answered, 200));
    }

    // ---- WebSocket
    // -----------------------------------------------------------------------------------------------------

    /// Becomes a WebSocket. The exchange stays open, so that nothing else is taken for a request.
    void upgrade(
            ServerExchange upgraded,
            HttpRequest request,
            String subprotocol,
            int messageBytesMax,
            SocketReceiver listening) {
        HttpHeaders headers = request.headers();
        WebSocketHandshake.check(headers, upgraded.http10 || upgraded.headOnly, subprotocol);
        if (!waiting.isEmpty()) {
            throw new HttpFailure(
                    ErrorCode.MALFORMED_REQUEST, "Nothing may follow a WebSocket handshake before its answer.");
        }
        if (server.isDraining()) {
            throw new HttpFailure(ErrorCode.SHUTTING_DOWN, "This node stops.");
        }
        if (!upgraded.claimAnswer()) {
            return;
        }
        upgraded.release();
        server.answered(101, upgraded.arrivedNanos);
        flush();
        WebSocketStream open = new WebSocketStream(this, listening, messageBytesMax);
        HttpHeaders added = new DefaultHttpHeaders()
                .set("Date", new String(context.date(), StandardCharsets.US_ASCII))
                .set("X-Request-Id", upgraded.requestId());
        ChannelHandlerContext active = channel();
        socket = open; // from here on, whatever comes is no request
        WebSocketHandshake.answer(active, request, added, subprotocol, messageBytesMax);
        listening.opened(open);
    }

    ChannelFuture writeFrame(WebSocketFrame frame) {
        int size = frame.content().readableBytes();
        int framed = size + (size < 126 ? 2 : size < 65_536 ? 4 : 10);
        server.bytesOut.add(framed);
        return write(frame, framed);
    }

    boolean isGone() {
        return gone;
    }

    ChannelHandlerContext activeChannel() {
        return channel();
    }

    // ---- time
    // ----------------------------------------------------------------------------------------------------------

    /// Called every second or so: ends what takes too long.
    void sweep(long nowNanos) {
        ChannelHandlerContext active = channel;
        if (active == null || gone) {
            return;
        }
        ServerSettings settings = server.settings;
        ChannelOutboundBuffer outbound = active.channel().unsafe().outboundBuffer();
        long pending = outbound == null ? 0 : outbound.totalPendingWriteBytes();
        writing.observe(pending, outbound == null ? 0 : outbound.currentProgress(), nowNanos);
        if (isOver(writing.sinceNanos(), settings.writeTimeoutMs(), nowNanos)) {
            LOG.atDebug().addKeyValue("pendingBytes", pending).log("client takes nothing; connection closed");
            server.timeouts.increment();
            active.close();
            return;
        }
        if (discarding) {
            return;
        }
        WebSocketStream open = socket;
        if (open != null) {
            if (active.channel().config().isAutoRead()) {
                open.sweep(nowNanos - lastReadNanos, nowNanos);
            } else {
                lastReadNanos = nowNanos; // it is us who do not read
            }
            return;
        }
        ServerExchange current = exchange;
        if (current == null) {
            if (headStarted && isOver(phaseStartNanos, settings.headTimeoutMs(), nowNanos)) {
                timeOutHead();
            } else if (!headStarted && isOver(lastReadNanos, settings.idleTimeoutMs(), nowNanos)) {
                active.close();
            }
        } else if (!bodyComplete
                && !current.isAnswered()
                && (isOver(lastReadNanos, settings.bodyTimeoutMs(), nowNanos)
                        || isOver(current.arrivedNanos, settings.bodyTotalMs(), nowNanos))) {
            server.timeouts.increment();
            BodyReceiver receiving = receiver;
            receiver = null;
            if (receiving != null) {
                receiving.abandoned();
            }
            current.fail(new HttpFailure(
                    ErrorCode.REQUEST_TIMEOUT,
                    "The body did not arrive in time. Nothing has happened; send it again."));
        }
    }

    private void timeOutHead() {
        server.timeouts.increment();
        JsonBuffer json = ServerExchange.errorJson(
                new HttpFailure(ErrorCode.REQUEST_TIMEOUT, "The request's head did not arrive in time."),
                server.requestId(server.nextRequestNumber()));
        ByteBuf out = channel().alloc().buffer();
        out.writeCharSequence(
                "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: "
                        + json.size() + "\r\n\r\n",
                StandardCharsets.US_ASCII);
        out.writeBytes(json.bytes(), 0, json.size());
        write(out);
        closeGently();
    }

    private static boolean isOver(long sinceNanos, long limitMs, long nowNanos) {
        return nowNanos - sinceNanos > TimeUnit.MILLISECONDS.toNanos(limitMs);
    }

    /// The node stops: an idle connection is closed, a busy one after its answer. Who waits or streams is told.
    void drainAndClose() {
        WebSocketStream open = socket;
        if (open != null) {
            open.close(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE, "the node stops");
            return;
        }
        if (exchange == null && waiting.isEmpty()) {
            closeGently();
            return;
        }
        runGoneActions();
    }

    void closeNow() {
        ChannelHandlerContext active = channel;
        if (active != null) {
            active.close();
        }
    }
}
