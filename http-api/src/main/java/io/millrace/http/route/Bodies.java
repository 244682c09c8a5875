package io.millrace.http.route;

import io.millrace.http.json.JsonTree;
import io.millrace.http.json.MalformedJsonException;
import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Receivers of whole bodies.
public final class Bodies {
    private Bodies() {}

    /// Takes a whole body.
    @FunctionalInterface
    public interface Whole {
        /// @param body valid up to `length`
        /// @throws Exception answered as an error
        void handle(Exchange exchange, byte[] body, int length) throws Exception;
    }

    /// Answers a request without a body, on the event loop.
    @FunctionalInterface
    public interface Plain {
        /// @throws Exception answered as an error
        void handle(Exchange exchange) throws Exception;
    }

    /// A handler that gets the whole body, on the event loop.
    public static Handler onLoop(Whole whole) {
        return exchange -> new Collector(exchange, whole, false);
    }

    /// A handler that gets the whole body, on a virtual thread of its own.
    public static Handler onThread(Whole whole) {
        return exchange -> new Collector(exchange, whole, true);
    }

    public static Handler withoutBody(Plain plain) {
        return onLoop((exchange, body, length) -> plain.handle(exchange));
    }

    public static Handler withoutBodyOnThread(Plain plain) {
        return onThread((exchange, body, length) -> plain.handle(exchange));
    }

    /// A body that must be a JSON object.
    ///
    /// @throws HttpFailure `malformed_json`
    public static Map<?, ?> object(byte[] body, int length) {
        Object value;
        try {
            value = JsonTree.parse(body, 0, length);
        } catch (MalformedJsonException malformed) {
            throw new HttpFailure(ErrorCode.MALFORMED_JSON, "The body is not JSON: " + malformed.getMessage() + ".");
        }
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new HttpFailure(ErrorCode.INVALID_VALUE, "The body must be a JSON object.");
    }

    /// @throws HttpFailure `invalid_value`: an object has a member that is not among `known`
    public static void checkMembers(Map<?, ?> object, java.util.List<String> known) {
        for (Object name : object.keySet()) {
            if (!known.contains(name)) {
                throw new HttpFailure(
                        ErrorCode.INVALID_VALUE,
                        "There is no member '" + name + "' here." + Suggestions.didYouMean(String.valueOf(name), known)
                                + " Known: " + String.join(", ", known) + ".");
            }
        }
    }

    /// @throws HttpFailure `invalid_value`
    public static @Nullable String text(Map<?, ?> object, String member) {
        Object value = object.get(member);
        if (value == null || value instanceof String) {
            return (String) value;
        }
        throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member '" + member + "' must be a string.");
    }

    /// @throws HttpFailure `invalid_value`: absent, or not a string
    public static String requiredText(Map<?, ?> object, String member) {
        String value = text(object, member);
        if (value == null) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member '" + member + "' is missing.");
        }
        return value;
    }

    /// @throws HttpFailure `invalid_value`
    public static @Nullable Long integer(Map<?, ?> object, String member, long min, long max) {
        Object value = object.get(member);
        if (value == null) {
            return null;
        }
        if (value instanceof Long number && number >= min && number <= max) {
            return number;
        }
        throw new HttpFailure(
                ErrorCode.INVALID_VALUE,
                "Member '%s' must be a whole number from %d to %d, not %s.".formatted(member, min, max, value));
    }

    /// @throws HttpFailure `invalid_value`: absent, or not a whole number
    public static long requiredInteger(Map<?, ?> object, String member, long min, long max) {
        Long value = integer(object, member, min, max);
        if (value == null) {
            throw new HttpFailure(ErrorCode.INVALID_VALUE, "Member '" + member + "' is missing.");
        }
        return value;
    }

    private static final class Collector implements BodyReceiver {
        private static final byte[] EMPTY = new byte[0];
        private final Exchange exchange;
        private final Whole whole;
        private final boolean onThread;
        private byte[] body = EMPTY;
        private int length;

        private Collector(Exchange exchange, Whole whole, boolean onThread) {
            this.exchange = exchange;
            this.whole = whole;
            this.onThread = onThread;
        }

        @Override
        public void bytes(ByteBuf piece, boolean last) {
            int count = piece.readableBytes();
            if (body.length - length < count) {
                body = Arrays.copyOf(body, last ? length + count : Math.max(length + count, length * 2));
            }
            piece.readBytes(body, length, count);
            length += count;
        }

        @Override
        public void end() {
            if (onThread) {
                Thread.ofVirtual().name("request-" + exchange.requestId()).start(this::handle);
            } else {
                handle();
            }
        }

        private void handle() {
            try {
                whole.handle(exchange, body, length);
            } catch (Exception | Error failure) { // the one place that turns what went wrong into an answer
                exchange.fail(failure);
            }
        }
    }
}
