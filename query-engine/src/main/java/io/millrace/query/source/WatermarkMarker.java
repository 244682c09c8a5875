package io.millrace.query.source;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The value of a marker that stands in an idle partition: from here on the partition's watermark is at least
/// this.
///
/// | bytes | field       | meaning                            |
/// |-------|-------------|------------------------------------|
/// | 0     | version     | 1                                  |
/// | 1–8   | watermarkMs | event time, big-endian             |
/// | 9–    | stream      | whose watermark it is, UTF-8       |
public record WatermarkMarker(String stream, long watermarkMs) {
    private static final byte VERSION = 1;
    private static final int STREAM_AT = 9;

    public byte[] encode() {
        byte[] name = stream.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(STREAM_AT + name.length)
                .put(VERSION)
                .putLong(watermarkMs)
                .put(name)
                .array();
    }

    /// Null for a marker of another kind or of a later version.
    public static @Nullable WatermarkMarker decode(byte[] bytes, int start, int length) {
        if (length < STREAM_AT || bytes[start] != VERSION) {
            return null;
        }
        long watermarkMs = ByteBuffer.wrap(bytes, start + 1, Long.BYTES).getLong();
        return new WatermarkMarker(
                new String(bytes, start + STREAM_AT, length - STREAM_AT, StandardCharsets.UTF_8), watermarkMs);
    }
}
