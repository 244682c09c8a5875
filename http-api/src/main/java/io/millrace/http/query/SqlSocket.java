package io.millrace.http.query;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Socket;
import io.millrace.http.route.SocketReceiver;
import io.millrace.query.SqlException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A WebSocket at `/v1/sql`: several requests at once, told apart by the `id` that the client chose.
///
/// Each request runs on a virtual thread of its own. An id is free again before the last message of its request
/// goes out, so a client that has read it may use it again.
///
/// Threading: the socket's event loop; the requests' threads only take themselves out of [#running].
final class SqlSocket implements SocketReceiver {
    static final String SUBPROTOCOL = "millrace.sql.v1";
    static final int STATEMENTS_MAX = 16;
    private static final int ID_LENGTH_MAX = 128;
    private static final List<String> CANCEL_MEMBERS = List.of("id", "cancel");

    private final Exchange exchange;
    private final SqlHandler handler;
    private final Map<String, SqlHandler.Cancellation> running = new ConcurrentHashMap<>();
    private @Nullable Socket socket; // null before the handshake

    SqlSocket(Exchange exchange, SqlHandler handler) {
        this.exchange = exchange;
        this.handler = handler;
    }

    @Override
    public void opened(Socket opened) {
        socket = opened;
    }

    private Socket socket() {
        Socket opened = socket;
        if (opened == null) {
            throw new IllegalStateException("the socket is not open");
        }
        return opened;
    }

    @Override
    public void message(byte[] text, int length) {
        String id = null;
        try {
            Map<?, ?> message = Bodies.object(text, length);
            String named = Bodies.requiredText(message, "id");
            if (named.isEmpty() || named.length() > ID_LENGTH_MAX) {
                throw new HttpFailure(
                        ErrorCode.INVALID_VALUE, "Member 'id' must have 1 to " + ID_LENGTH_MAX + " characters.");
            }
            id = named;
            if (message.containsKey("cancel")) {
                cancel(named, message);
            } else {
                start(named, SqlRequest.of(message));
            }
        } catch (RuntimeException refused) {
            JsonBuffer json = new JsonBuffer(256).ascii("{\"id\":").string(id).put(',');
            ResultWriter.nestedError(json, refused, exchange.requestId());
            socket().tell(json.put('}'));
        }
    }

    private void cancel(String id, Map<?, ?> message) {
        Bodies.checkMembers(message, CANCEL_MEMBERS);
        if (!Boolean.TRUE.equals(message.get("cancel"))) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member 'cancel' must be true.");
        }
        SqlHandler.Cancellation cancellation = running.get(id);
        if (cancellation != null) { // else it has ended while this message was on its way
            Thread.ofVirtual().name("cancel-" + exchange.requestId()).start(cancellation::cancel);
        }
    }

    private void start(String id, SqlRequest request) {
        if (running.containsKey(id)) {
            throw new HttpFailure(
                    ErrorCode.INVALID_VALUE,
                    "A statement with this id still runs on this socket. Choose another id, or cancel it first.");
        }
        if (running.size() >= STATEMENTS_MAX) {
            throw new SqlException(
                    "too_many_queries",
                    "This socket runs " + STATEMENTS_MAX + " statements already. Cancel one, or open another socket.");
        }
        SqlHandler.Cancellation cancellation = new SqlHandler.Cancellation();
        running.put(id, cancellation);
        Socket opened = socket();
        Thread.ofVirtual()
                .name("request-" + exchange.requestId())
                .start(() -> handler.run(
                        request, exchange, opened, id, cancellation, () -> running.remove(id, cancellation)));
    }

    @Override
    public void gone() {
        List<SqlHandler.Cancellation> all = List.copyOf(running.values());
        if (!all.isEmpty()) {
            Thread.ofVirtual()
                    .name("cancel-" + exchange.requestId())
                    .start(() -> all.forEach(SqlHandler.Cancellation::run));
        }
    }
}
