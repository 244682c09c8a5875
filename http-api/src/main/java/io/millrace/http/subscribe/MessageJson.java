package io.millrace.http.subscribe;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.json.Utf8;
import io.millrace.log.RecordHeader;
import io.millrace.log.RecordReader;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A record as JSON. Bytes that are not UTF-8 travel as `key_b64` or `value_b64` even where text was asked for,
/// so that nothing is lost and nothing is guessed.
final class MessageJson {
    private MessageJson() {}

    /// Writes the reader's current record.
    static void write(JsonBuffer json, RecordReader record, int partition, boolean base64) {
        json.ascii("{\"offset\":").number(record.offset());
        json.ascii(",\"partition\":").number(partition);
        json.ascii(",\"timestamp_ms\":").number(record.timestampMs());
        bytes(json, "key", record.bytes(), record.keyStart(), record.keyLength(), base64);
        bytes(json, "value", record.bytes(), record.valueStart(), record.valueLength(), base64);
        json.ascii(",\"headers\":{");
        List<RecordHeader> headers = record.headerCount() == 0 ? List.of() : record.headers();
        boolean binary = false;
        boolean first = true;
        for (RecordHeader header : headers) {
            if (Utf8.isValid(header.value(), 0, header.value().length)) {
                if (!first) {
                    json.put(',');
                }
                first = false;
                json.string(header.name()).put(':').utf8(header.value(), 0, header.value().length);
            } else {
                binary = true;
            }
        }
        json.put('}');
        if (binary) {
            json.ascii(",\"headers_b64\":{");
            first = true;
            for (RecordHeader header : headers) {
                if (!Utf8.isValid(header.value(), 0, header.value().length)) {
                    if (!first) {
                        json.put(',');
                    }
                    first = false;
                    json.string(header.name()).put(':').base64(header.value(), 0, header.value().length);
                }
            }
            json.put('}');
        }
        json.put('}');
    }

    private static void bytes(JsonBuffer json, String name, byte[] bytes, int start, int length, boolean base64) {
        json.ascii(",\"").ascii(name);
        if (length < 0) {
            json.ascii("\":null");
        } else if (!base64 && Utf8.isValid(bytes, start, length)) {
            json.ascii("\":").utf8(bytes, start, length);
        } else {
            json.ascii("_b64\":").base64(bytes, start, length);
        }
    }

    /// Whether key or value contains the text.
    static boolean contains(RecordReader record, byte[] text) {
        return contains(record.bytes(), record.valueStart(), record.valueLength(), text)
                || contains(record.bytes(), record.keyStart(), record.keyLength(), text);
    }

    private static boolean contains(byte[] bytes, int start, int length, byte[] text) {
        for (int at = start; at <= start + length - text.length; at++) {
            if (java.util.Arrays.equals(bytes, at, at + text.length, text, 0, text.length)) {
                return true;
            }
        }
        return false;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
