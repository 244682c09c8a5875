package io.millrace.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// A record to be produced.
///
/// The arrays are not copied: do not change them until the record is acknowledged.
///
/// @param partition where to; without it the key decides, and without a key the producer
/// @param timestampMs milliseconds since 1970; without it the time of arrival
public record NewRecord(
        String topic,
        OptionalInt partition,
        Optional<byte[]> key,
        byte[] value,
        Map<String, String> headers,
        OptionalLong timestampMs) {
    public NewRecord {
        if (partition.isPresent() && partition.getAsInt() < 0) {
            throw new IllegalArgumentException("partition must not be negative: " + partition.getAsInt());
        }
        headers = Map.copyOf(headers);
    }

    /// A value without key.
    public static NewRecord of(String topic, String value) {
        return new NewRecord(
                topic,
                OptionalInt.empty(),
                Optional.empty(),
                value.getBytes(StandardCharsets.UTF_8),
                Map.of(),
                OptionalLong.empty());
    }

    /// A value with a key; equal keys go to the same partition and keep their order.
    public static NewRecord of(String topic, String key, String value) {
        return new NewRecord(
                topic,
                OptionalInt.empty(),
                Optional.of(key.getBytes(StandardCharsets.UTF_8)),
                value.getBytes(StandardCharsets.UTF_8),
                Map.of(),
                OptionalLong.empty());
    }

    /// The same record, in that partition.
    public NewRecord inPartition(int number) {
        return new NewRecord(topic, OptionalInt.of(number), key, value, headers, timestampMs);
    }

    /// The same record with these headers.
    public NewRecord withHeaders(Map<String, String> all) {
        return new NewRecord(topic, partition, key, value, all, timestampMs);
    }

    /// The same record at that time.
    public NewRecord at(long ms) {
        return new NewRecord(topic, partition, key, value, headers, OptionalLong.of(ms));
    }

    /// What it weighs in the producer's memory.
    public int sizeBytes() {
        int size = value.length + key.map(bytes -> bytes.length).orElse(0) + 64;
        for (Map.Entry<String, String> header : headers.entrySet()) {
            size += header.getKey().length() + header.getValue().length();
        }
        return size;
    }
}
