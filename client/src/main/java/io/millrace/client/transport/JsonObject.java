package io.millrace.client.transport;

import io.millrace.client.MillraceException;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// A JSON object in an answer, read by name and kind. What is missing or of another kind is an
/// `unexpected_answer`.
public record JsonObject(Map<String, @Nullable Object> fields) {

    /// Reads a whole answer.
    public static JsonObject parse(String text) {
        Object value;
        try {
            value = Json.parse(text);
        } catch (Json.JsonException malformed) {
            throw unexpected("the answer is not JSON: " + malformed.getMessage(), text);
        }
        return of(value, text);
    }

    /// Takes a value that must be an object; `text` is what a message quotes.
    @SuppressWarnings("unchecked") // Json makes objects with String keys only
    public static JsonObject of(@Nullable Object value, String text) {
        if (value instanceof Map<?, ?> map) {
            return new JsonObject((Map<String, @Nullable Object>) map);
        }
        throw unexpected("expected a JSON object", text);
    }

    public boolean has(String name) {
        return fields.get(name) != null;
    }

    public @Nullable Object get(String name) {
        return fields.get(name);
    }

    public String text(String name) {
        if (fields.get(name) instanceof String text) {
            return text;
        }
        throw missing(name, "text");
    }

    public @Nullable String textOrNull(String name) {
        return fields.get(name) instanceof String text ? text : null;
    }

    public long integer(String name) {
        if (fields.get(name) instanceof Long number) {
            return number;
        }
        throw missing(name, "an integer");
    }

    public OptionalLong integerIfAny(String name) {
        return fields.get(name) instanceof Long number ? OptionalLong.of(number) : OptionalLong.empty();
    }

    public long integerOr(String name, long otherwise) {
        return integerIfAny(name).orElse(otherwise);
    }

    public boolean isTrue(String name) {
        return Boolean.TRUE.equals(fields.get(name));
    }

    public List<?> list(String name) {
        if (fields.get(name) instanceof List<?> list) {
            return list;
        }
        throw missing(name, "an array");
    }

    public List<?> listOrEmpty(String name) {
        return fields.get(name) instanceof List<?> list ? list : List.of();
    }

    public JsonObject object(String name) {
        Object value = fields.get(name);
        if (value instanceof Map<?, ?>) {
            return of(value, "");
        }
        throw missing(name, "an object");
    }

    private MillraceException missing(String name, String kind) {
        return unexpected("the answer has no '" + name + "' that is " + kind, Json.write(fields));
    }

    /// An `unexpected_answer` that quotes the beginning of `text`.
    public static MillraceException unexpected(String problem, String text) {
        String excerpt = text.length() > 200 ? text.substring(0, 200) + "…" : text;
        return new MillraceException(
                MillraceException.UNEXPECTED_ANSWER,
                problem + (excerpt.isBlank() ? "" : ". It begins: " + excerpt.strip()),
                null);
    }
}
