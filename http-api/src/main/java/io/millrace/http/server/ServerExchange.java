package io.millrace.http.server;

import io.millrace.http.auth.Token;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.LoopTask;
import io.millrace.http.route.Parameters;
import io.millrace.http.route.Percent;
import io.millrace.http.route.ReplyStream;
import io.millrace.http.route.Route;
import io.millrace.http.route.RouteTable;
import io.millrace.http.route.SocketReceiver;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// One request on its connection.
final class ServerExchange implements Exchange {
    /// An answer whose bytes stay charged until the client has taken them.
    static final int LARGE_ANSWER_BYTES = 64 << 10;

    final Connection connection;
    final boolean keepAlive;
    final boolean headOnly;
    final boolean http10;
    final long arrivedNanos;
    private final HttpRequest request;
    private final String uri;
    private final int pathEnd;
    private final long requestNumber; // what the id is made of when the client brought none
    private @Nullable String requestId; // the client's, or made for the first who asks; any thread makes the same
    private final int[] parameterPlaces;
    private @Nullable Route route;
    private Token token = Token.OPEN;
    private @Nullable Parameters parameters;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final AtomicLong reserved = new AtomicLong();
    private final AtomicBoolean released = new AtomicBoolean();

    ServerExchange(
            Connection connection,
            HttpRequest request,
            String uri,
            int pathEnd,
            @Nullable String requestId,
            long arrivedNanos,
            boolean keepAlive) {
        this.connection = connection;
        this.request = request;
        this.uri = uri;
        this.pathEnd = pathEnd;
        this.requestId = requestId;
        this.requestNumber = requestId == null ? connection.server.nextRequestNumber() : 0;
        this.arrivedNanos = arrivedNanos;
        this.keepAlive = keepAlive;
        this.headOnly = request.method().equals(HttpMethod.HEAD);
        this.http10 = request.protocolVersion().minorVersion() == 0;
        this.parameterPlaces = new int[2 * RouteTable.PARAMETERS_MAX];
    }

    void found(Route found, RouteTable.Match match, Token bearer) {
        route = found;
        token = bearer;
        for (int i = 0; i < match.count(); i++) {
            parameterPlaces[2 * i] = match.start(i);
            parameterPlaces[2 * i + 1] = match.end(i);
        }
    }

    @Override
    public HttpMethod method() {
        return request.method();
    }

    @Override
    public Route route() {
        Route found = route;
        if (found == null) {
            throw new IllegalStateException("the request has not been routed");
        }
        return found;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public String pathParameter(int index) {
        return Percent.decode(uri, parameterPlaces[2 * index], parameterPlaces[2 * index + 1], false);
    }

    @Override
    public Parameters parameters() {
        Parameters parsed = parameters;
        if (parsed == null) {
            if (pathEnd == uri.length()) {
                parsed = Parameters.NONE;
            } else {
                int fragment = uri.indexOf('#', pathEnd);
                parsed = Parameters.parse(fragment < 0 ? uri : uri.substring(0, fragment), pathEnd + 1);
                parsed.check(route().parameters());
            }
            parameters = parsed;
        }
        return parsed;
    }

    @Override
    public @Nullable String header(CharSequence name) {
        return request.headers().get(name);
    }

    @Override
    public void forEachHeader(BiConsumer<CharSequence, CharSequence> action) {
        request.headers()
                .iteratorCharSequence()
                .forEachRemaining(header -> action.accept(header.getKey(), header.getValue()));
    }

    @Override
    public String requestId() {
        String id = requestId;
        if (id == null) {
            id = connection.server.requestId(requestNumber);
            requestId = id;
        }
        return id;
    }

    /// The same without a string, for nearly all requests want it only in their answer.
    void writeRequestId(JsonBuffer head) {
        String id = requestId;
        if (id == null) {
            connection.server.writeRequestId(head, requestNumber);
        } else {
            head.ascii(id);
        }
    }

    @Override
    public long arrivedNanos() {
        return arrivedNanos;
    }

    @Override
    public void checkTopic(String topic) {
        if (!token.covers(topic)) {
            throw new HttpFailure(
                    ErrorCode.FORBIDDEN,
                    "This token covers topics that start with '" + token.topicPrefix() + "' only.");
        }
    }

    @Override
    public boolean maySee(String topic) {
        return token.covers(topic);
    }

    @Override
    public JsonBuffer scratch() {
        return connection.context.scratch.clear();
    }

    @Override
    public boolean reserve(long bytes) {
        if (released.get() || !connection.server.budget.reserve(bytes)) {
            return false;
        }
        reserved.addAndGet(bytes);
        if (released.get()) {
            giveBack();
        }
        return true;
    }

    /// Charges an answer that is there already, so it cannot be refused any more.
    void reserveAnswer(long bytes) {
        long missing = bytes - reserved.get();
        if (missing > 0) {
            connection.server.budget.charge(missing);
            reserved.addAndGet(missing);
        }
    }

    /// Gives back what was reserved; later reservations are refused.
    void release() {
        released.set(true);
        giveBack();
    }

    private void giveBack() {
        long bytes = reserved.getAndSet(0);
        if (bytes > 0) {
            connection.server.budget.release(bytes);
        }
    }

    /// Whether the client cannot follow a redirect.
    boolean wantsForwarding() {
        Route found = route;
        return found != null
                && found.parameters().contains("forward")
                && parameters().flag("forward");
    }

    boolean claimAnswer() {
        return answered.compareAndSet(false, true);
    }

    @Override
    public void reply(int status, String contentType, JsonBuffer body) {
        reply(status, contentType, body, "");
    }

    @Override
    public void reply(int status, String contentType, JsonBuffer body, String headerLines) {
        if (!claimAnswer()) {
            return;
        }
        if (connection.context.loop.inEventLoop()) {
            connection.answer(this, status, contentType, body.bytes(), body.size(), headerLines);
        } else {
            connection.context.submit(new LoopTask() {
                @Override
                public void run() {
                    connection.answer(ServerExchange.this, status, contentType, body.bytes(), body.size(), headerLines);
                }
            });
        }
    }

    @Override
    public void fail(Throwable thrown) {
        if (isAnswered()) {
            return;
        }
        HttpFailure failure = connection.server.located(Failures.of(thrown, requestId()), this);
        StringBuilder lines = new StringBuilder();
        failure.headers()
                .forEach((name, value) ->
                        lines.append(name).append(": ").append(value).append("\r\n"));
        reply(failure.status(), JSON, errorJson(failure, requestId()), lines.toString());
    }

    static JsonBuffer errorJson(HttpFailure failure, String requestId) {
        JsonBuffer json = new JsonBuffer(256);
        json.ascii("{\"ok\":false,\"error\":").string(failure.code());
        json.ascii(",\"message\":").string(failure.message());
        json.ascii(",\"docs\":").string("/docs/errors#" + failure.code());
        json.ascii(",\"request_id\":").string(requestId);
        failure.fields()
                .forEach((name, value) -> json.put(',').string(name).put(':').value(value));
        return json.ascii("}\n");
    }

    @Override
    public ReplyStream stream(int status, String contentType) {
        if (!claimAnswer()) {
            throw new IllegalStateException("the request has been answered");
        }
        return connection.stream(this, status, contentType);
    }

    @Override
    public void upgrade(String subprotocol, int messageBytesMax, SocketReceiver receiver) {
        connection.upgrade(this, request, subprotocol, messageBytesMax, receiver);
    }

    @Override
    public boolean isAnswered() {
        return answered.get();
    }

    @Override
    public void onLoop(LoopTask task) {
        connection.context.submit(task);
    }

    @Override
    public void afterReads(Runnable action) {
        connection.context.afterReads(action);
    }

    @Override
    public Future<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return connection.context.loop.schedule(task, delay, unit);
    }

    @Override
    public void onGone(Runnable action) {
        connection.onGone(action);
    }
}
