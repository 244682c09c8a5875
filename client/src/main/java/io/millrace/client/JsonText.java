package io.millrace.client;

import io.millrace.client.transport.Json;
import org.jspecify.annotations.Nullable;

/// JSON for the values this client hands out and takes: every digit of every number survives.
///
/// Objects are maps in the order of the text, arrays lists, integers [Long] or [java.math.BigInteger], other
/// numbers [java.math.BigDecimal].
public final class JsonText {
    private JsonText() {}

    /// @throws IllegalArgumentException when the text is not JSON; the message says where
    public static @Nullable Object parse(String text) {
        try {
            return Json.parse(text);
        } catch (Json.JsonException malformed) {
            throw new IllegalArgumentException(malformed.getMessage(), malformed);
        }
    }

    public static String write(@Nullable Object value) {
        return Json.write(value);
    }
}
