package io.millrace.client.producer;

import io.millrace.client.NewRecord;
import io.millrace.client.transport.Json;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The body of one batch: NDJSON where that carries everything, else the JSON of `produce-batch`.
///
/// NDJSON carries values that are text and nothing more: no keys, headers or times. A value that is one line of
/// JSON object or array goes as it is. Any other text goes as a JSON string, which the server unwraps.
///
/// @param route the last part of the path
record BatchBody(String route, String contentType, byte[] bytes) {

    static BatchBody of(List<NewRecord> records) {
        boolean plain = true;
        for (NewRecord candidate : records) {
            plain &= candidate.key().isEmpty()
                    && candidate.headers().isEmpty()
                    && candidate.timestampMs().isEmpty();
        }
        if (plain) {
            byte[] lines = lines(records);
            if (lines != null) {
                return new BatchBody("produce-ndjson", "application/x-ndjson", lines);
            }
        }
        return new BatchBody("produce-batch", "application/json", json(records).getBytes(StandardCharsets.UTF_8));
    }

    private static byte @Nullable [] lines(List<NewRecord> records) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (NewRecord one : records) {
            byte[] value = one.value();
            String text = textOrNull(value);
            if (text == null) {
                return null; // binary: only base64 can carry it
            }
            if (isLineOfJson(value)) {
                out.writeBytes(value);
            } else {
                out.writeBytes(Json.write(text).getBytes(StandardCharsets.UTF_8));
            }
            out.write('\n');
        }
        return out.toByteArray();
    }

    private static boolean isLineOfJson(byte[] value) {
        int length = value.length;
        if (length < 2) {
            return false;
        }
        boolean bracketed = value[0] == '{' && value[length - 1] == '}' || value[0] == '[' && value[length - 1] == ']';
        for (int i = 0; bracketed && i < length; i++) {
            bracketed = value[i] != '\n' && value[i] != '\r';
        }
        return bracketed;
    }

    private static String json(List<NewRecord> records) {
        List<Map<String, @Nullable Object>> items = new ArrayList<>(records.size());
        for (NewRecord one : records) {
            Map<String, @Nullable Object> item = new LinkedHashMap<>();
            one.key().ifPresent(key -> putText(item, "key", key));
            putText(item, "value", one.value());
            if (!one.headers().isEmpty()) {
                item.put("headers", one.headers());
            }
            one.timestampMs().ifPresent(ms -> item.put("timestamp_ms", ms));
            items.add(item);
        }
        return Json.write(Map.of("records", items));
    }

    private static void putText(Map<String, @Nullable Object> item, String name, byte[] bytes) {
        String text = textOrNull(bytes);
        if (text != null) {
            item.put(name, text);
        } else {
            item.put(name + "_b64", Base64.getEncoder().encodeToString(bytes));
        }
    }

    private static @Nullable String textOrNull(byte[] bytes) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // reports malformed input instead of replacing it
        try {
            return decoder.decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException binary) {
            return null;
        }
    }
}
