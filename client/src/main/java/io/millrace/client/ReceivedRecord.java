package io.millrace.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/// A record as it lies in the log.
public record ReceivedRecord(
        String topic,
        int partition,
        long offset,
        long timestampMs,
        Optional<byte[]> key,
        byte[] value,
        Map<String, String> headers) {
    public ReceivedRecord {
        headers = Map.copyOf(headers);
    }

    /// The value read as UTF-8.
    public String text() {
        return new String(value, StandardCharsets.UTF_8);
    }

    /// The key read as UTF-8.
    public Optional<String> keyText() {
        return key.map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }
}
