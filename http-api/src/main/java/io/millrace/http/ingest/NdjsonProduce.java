package io.millrace.http.ingest;

import io.millrace.http.json.JsonField;
import io.millrace.http.json.MalformedJsonException;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One record a line, split while the body arrives. No line becomes an object.
final class NdjsonProduce implements BodyReceiver {
    private final BatchCall batch;
    private final @Nullable JsonField keyField;
    private final JsonField unwrap = new JsonField("");
    private final byte @Nullable [] key;
    private final boolean hashed;
    private final long timestampMs;
    private byte[] buffer = new byte[8 << 10];
    /// Bytes at the start of `buffer` that belong to a line whose end has not arrived.
    private int carried;
    private long line;

    NdjsonProduce(Ingest ingest, Exchange exchange) {
        ProduceOptions options = ProduceOptions.of(exchange, ingest.settings.acknowledgement());
        batch = new BatchCall(ingest, exchange, options);
        keyField = options.keyField() == null ? null : new JsonField(options.keyField());
        key = options.key() == null ? null : options.key().getBytes(StandardCharsets.UTF_8);
        hashed = options.idempotencyKey() != null;
        timestampMs = options.timestampNow();
    }

    @Override
    public void bytes(ByteBuf piece, boolean last) {
        int count = piece.readableBytes();
        if (buffer.length - carried < count) {
            buffer = Arrays.copyOf(buffer, Math.max(carried + count, buffer.length * 2));
        }
        piece.readBytes(buffer, carried, count);
        if (hashed) {
            batch.hash().update(buffer, carried, count);
        }
        int end = carried + count;
        int start = 0;
        for (int at = carried; at < end; at++) {
            if (buffer[at] == '\n') {
                line(start, at);
                start = at + 1;
            }
        }
        carried = end - start;
        System.arraycopy(buffer, start, buffer, 0, carried);
    }

    @Override
    public void end() {
        if (carried > 0) {
            line(0, carried);
        }
        batch.send();
    }

    private void line(int from, int to) {
        line++;
        int start = from;
        int end = to;
        while (start < end && isSpace(buffer[start])) {
            start++;
        }
        while (end > start && isSpace(buffer[end - 1])) {
            end--;
        }
        if (start == end) {
            return;
        }
        try {
            record(start, end - start);
        } catch (MalformedJsonException malformed) {
            throw new HttpFailure(
                            ErrorCode.MALFORMED_JSON,
                            "Line %d is not JSON: %s. Nothing was written.".formatted(line, malformed.getMessage()))
                    .with("line", line);
        }
    }

    private void record(int start, int length) throws MalformedJsonException {
        byte[] recordKey = key;
        int keyStart = 0;
        int keyLength = key == null ? -1 : key.length;
        JsonField field = keyField;
        if (field != null) {
            if (!field.find(buffer, start, length)) {
                throw new HttpFailure(
                                ErrorCode.INVALID_VALUE,
                                "Line %d has no member that 'key_field' names. Nothing was written.".formatted(line))
                        .with("line", line);
            }
            recordKey = field.value();
            keyStart = field.valueStart();
            keyLength = field.valueLength();
        }
        if (buffer[start] == '"') {
            unwrap.unwrap(buffer, start, length);
            batch.add(
                    -1,
                    timestampMs,
                    recordKey,
                    keyStart,
                    keyLength,
                    unwrap.value(),
                    unwrap.valueStart(),
                    unwrap.valueLength(),
                    List.of());
        } else {
            batch.add(-1, timestampMs, recordKey, keyStart, keyLength, buffer, start, length, List.of());
        }
    }

    private static boolean isSpace(byte next) {
        return next == ' ' || next == '\t' || next == '\r';
    }
}
