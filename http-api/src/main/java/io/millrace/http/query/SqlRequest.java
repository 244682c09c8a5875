package io.millrace.http.query;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.json.Utf8;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.query.Frontier;
import io.millrace.query.Session;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a client asked `/v1/sql`.
record SqlRequest(String sql, Session session) {
    private static final List<String> MEMBERS = List.of("sql", "parameters", "session", "wait_for", "from");
    private static final List<String> MESSAGE_MEMBERS =
            List.of("id", "sql", "parameters", "session", "wait_for", "from");

    /// @throws HttpFailure the body is not what its type says, or of another type
    static SqlRequest of(Exchange exchange, byte[] body, int length) {
        if (!Utf8.isValid(body, 0, length)) {
            throw new HttpFailure(ErrorCode.MALFORMED_BODY, "The body is not UTF-8.");
        }
        String type = exchange.header("Content-Type");
        String kind = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        SqlRequest request = switch (kind) {
            case "application/json" -> json(Bodies.object(body, length), MEMBERS);
            // what curl sends when nobody says anything
            case "", "text/plain", "application/sql", "application/x-www-form-urlencoded" ->
                new SqlRequest(new String(body, 0, length, StandardCharsets.UTF_8), Session.create());
            default ->
                throw new HttpFailure(
                        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
                        "SQL comes as text/plain, application/sql or application/json, not " + kind + ".");
        };
        if (request.sql.isBlank()) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "There is no statement in the body.");
        }
        Frontier resumed = resumedFrom(exchange);
        return resumed == null ? request : request.from(resumed);
    }

    /// Where a client of server-sent events goes on.
    static @Nullable Frontier resumedFrom(Exchange exchange) {
        String lastEvent = exchange.header("Last-Event-ID");
        return lastEvent == null ? null : frontier(lastEvent, "Last-Event-ID");
    }

    /// A message of a WebSocket.
    ///
    /// @throws HttpFailure it is not what it should be
    static SqlRequest of(Map<?, ?> message) {
        SqlRequest request = json(message, MESSAGE_MEMBERS);
        if (request.sql.isBlank()) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "There is no statement in the message.");
        }
        return request;
    }

    private SqlRequest from(Frontier frontier) {
        return new SqlRequest(sql, new Session(session.parameters(), session.settings(), session.waitFor(), frontier));
    }

    private static SqlRequest json(Map<?, ?> body, List<String> members) {
        Bodies.checkMembers(body, members);
        return new SqlRequest(
                Bodies.requiredText(body, "sql"),
                new Session(
                        parameters(body.get("parameters")),
                        settings(body.get("session")),
                        frontierOf(body, "wait_for"),
                        frontierOf(body, "from")));
    }

    private static List<@Nullable Object> parameters(@Nullable Object value) {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member 'parameters' must be an array.");
        }
        java.util.ArrayList<@Nullable Object> parameters = new java.util.ArrayList<>();
        for (Object parameter : list) {
            if (parameter instanceof Map || parameter instanceof List) {
                throw new HttpFailure(
                        ErrorCode.INVALID_VALUE,
                        "A parameter is null, a boolean, a number or a string, not a structure.");
            }
            parameters.add(parameter);
        }
        return parameters;
    }

    private static Map<String, String> settings(@Nullable Object value) {
        Map<String, String> settings = new HashMap<>();
        if (value == null) {
            return settings;
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member 'session' must be an object.");
        }
        map.forEach((name, setting) -> {
            if (setting instanceof Map || setting instanceof List || setting == null) {
                throw new HttpFailure(
                        ErrorCode.INVALID_VALUE, "Session setting '" + name + "' must be a single value.");
            }
            settings.put(String.valueOf(name), String.valueOf(setting));
        });
        return settings;
    }

    private static @Nullable Frontier frontierOf(Map<?, ?> body, String member) {
        Object value = body.get(member);
        if (value == null) {
            return null;
        }
        return frontier(
                value instanceof String text
                        ? text
                        : new JsonBuffer().value(value).toString(),
                member);
    }

    private static Frontier frontier(String text, String where) {
        try {
            return Frontier.parse(text);
        } catch (IllegalArgumentException malformed) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, where + ": " + malformed.getMessage() + ".");
        }
    }
}
