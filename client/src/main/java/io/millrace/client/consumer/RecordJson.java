package io.millrace.client.consumer;

import io.millrace.client.ReceivedRecord;
import io.millrace.client.transport.Json;
import io.millrace.client.transport.JsonObject;
import io.millrace.client.transport.Transport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Records as the server writes them: text in `value`, or bytes in `value_b64`; the same for keys.
public final class RecordJson {
    private RecordJson() {}

    /// One line of a stream of records. Lines about other things, such as progress, hold none.
    public static List<ReceivedRecord> line(String topic, String line) {
        JsonObject object = JsonObject.parse(line);
        if (object.has("error")) {
            Object error = object.get("error");
            throw Transport.error(error instanceof Map<?, ?> ? object.object("error") : object, 200, null);
        }
        if (object.has("messages")) {
            return messages(topic, object);
        }
        return object.has("offset") ? List.of(received(topic, object)) : List.of();
    }

    static List<ReceivedRecord> messages(String topic, JsonObject answer) {
        List<ReceivedRecord> records = new ArrayList<>();
        for (Object message : answer.list("messages")) {
            records.add(received(topic, JsonObject.of(message, "")));
        }
        return records;
    }

    private static ReceivedRecord received(String topic, JsonObject message) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (message.get("headers") instanceof Map<?, ?> map) {
            map.forEach((name, value) ->
                    headers.put(String.valueOf(name), value instanceof String text ? text : Json.write(value)));
        }
        byte[] value = bytes(message, "value");
        return new ReceivedRecord(
                topic,
                (int) message.integerOr("partition", 0),
                message.integer("offset"),
                message.integerOr("timestamp_ms", 0),
                Optional.ofNullable(bytes(message, "key")),
                value == null ? new byte[0] : value,
                headers);
    }

    private static byte @Nullable [] bytes(JsonObject message, String name) {
        String base64 = message.textOrNull(name + "_b64");
        if (base64 != null) {
            try {
                return Base64.getDecoder().decode(base64);
            } catch (IllegalArgumentException malformed) {
                throw JsonObject.unexpected(name + "_b64 is not base64: " + malformed.getMessage(), base64);
            }
        }
        Object value = message.get(name);
        return switch (value) {
            case null -> null;
            case String text -> text.getBytes(StandardCharsets.UTF_8);
            default -> Json.write(value).getBytes(StandardCharsets.UTF_8);
        };
    }
}
