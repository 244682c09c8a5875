package io.millrace.http.ingest;

import io.millrace.http.json.Utf8;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Suggestions;
import io.millrace.log.RecordHeader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// Reads `{"records":[{"key","value" or "value_b64","headers","timestamp_ms","partition"}]}` record by record.
///
/// A value that is not a string stays the JSON that it is, digit by digit.
final class BatchBody {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100)
                    .maxStringLength(64 << 20)
                    .build())
            .build();
    private static final List<String> MEMBERS =
            List.of("key", "key_b64", "value", "value_b64", "headers", "timestamp_ms", "partition");

    private final BatchCall batch;
    private final byte[] body;
    private final int length;
    private final long now;
    private final byte @Nullable [] defaultKey;

    private BatchBody(BatchCall batch, byte[] body, int length) {
        this.batch = batch;
        this.body = body;
        this.length = length;
        this.now = batch.options().timestampNow();
        String key = batch.options().key();
        this.defaultKey = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
    }

    static void handle(Ingest ingest, Exchange exchange, byte[] body, int length) {
        BatchCall batch =
                new BatchCall(ingest, exchange, ProduceOptions.of(exchange, ingest.settings.acknowledgement()));
        if (batch.options().idempotencyKey() != null) {
            batch.hash().update(body, 0, length);
        }
        new BatchBody(batch, body, length).read();
        batch.send();
    }

    private void read() {
        if (!Utf8.isValid(body, 0, length)) {
            throw new HttpFailure(ErrorCode.MALFORMED_JSON, "The body is not UTF-8.");
        }
        try (JsonParser parser = FACTORY.createParser(body, 0, length)) {
            boolean found = false;
            expect(parser, parser.nextToken(), JsonToken.START_OBJECT, "the body must be an object");
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                if (!name.equals("records") || found) {
                    throw invalid("There is no member '" + name + "' here, only one 'records'.");
                }
                found = true;
                expect(parser, parser.nextToken(), JsonToken.START_ARRAY, "'records' must be an array");
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    record(parser);
                }
            }
            if (!found) {
                throw invalid("The body has no member 'records'.");
            }
            if (parser.nextToken() != null) {
                throw new HttpFailure(ErrorCode.MALFORMED_JSON, "More follows after the end of the body's object.");
            }
        } catch (JacksonException malformed) {
            throw new HttpFailure(
                    ErrorCode.MALFORMED_JSON,
                    "The body is not JSON: %s at line %d, column %d."
                            .formatted(
                                    malformed.getOriginalMessage(),
                                    malformed.getLocation().getLineNr(),
                                    malformed.getLocation().getColumnNr()));
        }
    }

    private void record(JsonParser parser) {
        expect(parser, parser.currentToken(), JsonToken.START_OBJECT, "must be an object");
        byte[] key = defaultKey;
        byte[] value = null;
        boolean valueGiven = false;
        long timestampMs = now;
        int partition = -1;
        List<RecordHeader> headers = List.of();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken token = parser.nextToken();
            switch (name) {
                case "key" -> key = bytes(parser, token);
                case "key_b64" -> key = base64(parser, token, name);
                case "value", "value_b64" -> {
                    if (valueGiven) {
                        throw invalid(place() + " has two values.");
                    }
                    valueGiven = true;
                    value = name.equals("value") ? bytes(parser, token) : base64(parser, token, name);
                }
                case "timestamp_ms" -> timestampMs = integer(parser, token, name, Long.MAX_VALUE, now);
                case "partition" -> partition = (int) integer(parser, token, name, Integer.MAX_VALUE, -1);
                case "headers" -> headers = headers(parser, token);
                default ->
                    throw invalid(
                            place() + " has an unknown member '" + name + "'." + Suggestions.didYouMean(name, MEMBERS));
            }
        }
        if (!valueGiven) {
            throw invalid(place() + " has no value; a tombstone has \"value\":null.");
        }
        batch.add(
                partition,
                timestampMs,
                key,
                0,
                key == null ? -1 : key.length,
                value,
                0,
                value == null ? -1 : value.length,
                headers);
    }

    /// A string's text, or any other value as it stands in the body; null for null.
    private byte @Nullable [] bytes(JsonParser parser, JsonToken token) {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        if (token == JsonToken.VALUE_STRING) {
            return parser.getString().getBytes(StandardCharsets.UTF_8);
        }
        int start = (int) parser.currentTokenLocation().getByteOffset();
        if (token == JsonToken.START_OBJECT || token == JsonToken.START_ARRAY) {
            parser.skipChildren();
        } else {
            parser.getString(); // numbers are read lazily; this moves behind them
        }
        int end = (int) parser.currentLocation().getByteOffset();
        return java.util.Arrays.copyOfRange(body, start, end);
    }

    private byte @Nullable [] base64(JsonParser parser, JsonToken token, String name) {
        if (token == JsonToken.VALUE_NULL) {
            return null;
        }
        if (token != JsonToken.VALUE_STRING) {
            throw invalid(place() + ": '" + name + "' must be a base64 string.");
        }
        try {
            return Base64.getDecoder().decode(parser.getString());
        } catch (IllegalArgumentException malformed) {
            throw invalid(place() + ": '" + name + "' is not base64: " + malformed.getMessage() + ".");
        }
    }

    private long integer(JsonParser parser, JsonToken token, String name, long max, long absent) {
        if (token == JsonToken.VALUE_NULL) {
            return absent;
        }
        if (token == JsonToken.VALUE_NUMBER_INT) {
            try {
                long number = Long.parseLong(parser.getString());
                if (number >= 0 && number <= max) {
                    return number;
                }
            } catch (NumberFormatException tooLarge) {
                throw invalid(place() + ": '" + name + "' must be 0 to " + max + ", not " + parser.getString() + ".");
            }
        }
        throw invalid(place() + ": '" + name + "' must be a whole number from 0 to " + max + ".");
    }

    private List<RecordHeader> headers(JsonParser parser, JsonToken token) {
        if (token == JsonToken.VALUE_NULL) {
            return List.of();
        }
        if (token != JsonToken.START_OBJECT) {
            throw invalid(place() + ": 'headers' must be an object of strings.");
        }
        List<RecordHeader> headers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw invalid(place() + ": header '" + name + "' must be a string.");
            }
            headers.add(new RecordHeader(name, parser.getString().getBytes(StandardCharsets.UTF_8)));
        }
        return headers;
    }

    private String place() {
        return "Record " + batch.count() + " (counted from 0)";
    }

    private void expect(JsonParser parser, @Nullable JsonToken token, JsonToken wanted, String otherwise) {
        if (token != wanted) {
            throw invalid(
                    token == null
                            ? "The body is empty."
                            : place() + ": " + otherwise + " (line "
                                    + parser.currentTokenLocation().getLineNr() + ").");
        }
    }

    private static HttpFailure invalid(String message) {
        return new HttpFailure(ErrorCode.INVALID_VALUE, message);
    }
}
