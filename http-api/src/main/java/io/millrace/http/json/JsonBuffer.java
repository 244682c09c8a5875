package io.millrace.http.json;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON as bytes, written front to back into one array that grows and is used again.
///
/// Punctuation is the caller's: `json.ascii("{\"count\":").number(3).ascii("}")`. Strings are escaped here.
///
/// Threading: one thread at a time.
public final class JsonBuffer {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int KEPT_BYTES_MAX = 1 << 20;

    private byte[] bytes;
    private int size;

    public JsonBuffer() {
        this(512);
    }

    public JsonBuffer(int capacity) {
        bytes = new byte[capacity];
    }

    /// Valid up to [#size]; changes identity when the buffer grows.
    public byte[] bytes() {
        return bytes;
    }

    public int size() {
        return size;
    }

    /// Starts again. An array that one large answer has blown up is given back.
    public JsonBuffer clear() {
        size = 0;
        if (bytes.length > KEPT_BYTES_MAX) {
            bytes = new byte[4096];
        }
        return this;
    }

    /// Forgets everything behind `length`.
    public void truncate(int length) {
        size = length;
    }

    /// Makes room for `count` more bytes; they may then be written to [#bytes] and claimed by [#advance].
    public void reserve(int count) {
        if (bytes.length - size < count) {
            bytes = Arrays.copyOf(
                    bytes, Math.max(Math.addExact(size, count), (int) Math.min(bytes.length * 2L, 1 << 30)));
        }
    }

    public void advance(int count) {
        size += count;
    }

    public JsonBuffer put(char ascii) {
        reserve(1);
        bytes[size++] = (byte) ascii;
        return this;
    }

    /// Copies characters that are all ASCII and need no escape.
    @SuppressWarnings("deprecation") // the only copy without an encoder: the low byte of each char
    public JsonBuffer ascii(String text) {
        int length = text.length();
        reserve(length);
        text.getBytes(0, length, bytes, size);
        size += length;
        return this;
    }

    /// Copies finished JSON.
    public JsonBuffer raw(byte[] source, int start, int length) {
        reserve(length);
        System.arraycopy(source, start, bytes, size, length);
        size += length;
        return this;
    }

    /// Copies all of it.
    public JsonBuffer raw(byte[] source) {
        return raw(source, 0, source.length);
    }

    public JsonBuffer number(long value) {
        if (value == Long.MIN_VALUE) {
            return ascii("-9223372036854775808");
        }
        reserve(20);
        long left = value;
        if (left < 0) {
            bytes[size++] = '-';
            left = -left;
        }
        int digits = 1;
        for (long bound = left; bound >= 10; bound /= 10) {
            digits++;
        }
        for (int at = size + digits - 1; at >= size; at--) {
            bytes[at] = (byte) ('0' + left % 10);
            left /= 10;
        }
        size += digits;
        return this;
    }

    public JsonBuffer bool(boolean value) {
        return ascii(value ? "true" : "false");
    }

    /// A quoted string; null becomes `null`.
    public JsonBuffer string(@Nullable String text) {
        if (text == null) {
            return ascii("null");
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return utf8(utf8, 0, utf8.length);
    }

    /// A quoted string from bytes that are valid UTF-8.
    public JsonBuffer utf8(byte[] source, int start, int length) {
        reserve(length + 2);
        bytes[size++] = '"';
        int end = start + length;
        int from = start;
        for (int at = start; at < end; at++) {
            byte next = source[at];
            if (next >= 0 && (next < 0x20 || next == '"' || next == '\\')) {
                raw(source, from, at - from);
                escape(next);
                from = at + 1;
            }
        }
        raw(source, from, end - from);
        return put('"');
    }

    private void escape(byte character) {
        switch (character) {
            case '"' -> ascii("\\\"");
            case '\\' -> ascii("\\\\");
            case '\n' -> ascii("\\n");
            case '\r' -> ascii("\\r");
            case '\t' -> ascii("\\t");
            default -> {
                ascii("\\u00");
                put((char) HEX[character >> 4]).put((char) HEX[character & 15]);
            }
        }
    }

    /// A quoted base64 string.
    public JsonBuffer base64(byte[] source, int start, int length) {
        byte[] range =
                start == 0 && length == source.length ? source : Arrays.copyOfRange(source, start, start + length);
        int encoded = (length + 2) / 3 * 4;
        reserve(encoded + 2);
        bytes[size++] = '"';
        byte[] text = Base64.getEncoder().encode(range);
        return raw(text, 0, text.length).put('"');
    }

    /// Any tree of maps, lists, strings, numbers, booleans and nulls.
    public JsonBuffer value(@Nullable Object value) {
        switch (value) {
            case null -> ascii("null");
            case String text -> string(text);
            case Long number -> number(number);
            case Integer number -> number(number);
            case Number number -> ascii(number.toString());
            case Boolean truth -> bool(truth);
            case Map<?, ?> map -> {
                put('{');
                boolean first = true;
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    if (!first) {
                        put(',');
                    }
                    first = false;
                    string(String.valueOf(entry.getKey())).put(':').value(entry.getValue());
                }
                put('}');
            }
            case List<?> list -> {
                put('[');
                for (int i = 0; i < list.size(); i++) {
                    if (i > 0) {
                        put(',');
                    }
                    value(list.get(i));
                }
                put(']');
            }
            default -> throw new IllegalArgumentException("no JSON form for " + value.getClass());
        }
        return this;
    }

    public byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }

    @Override
    public String toString() {
        return new String(bytes, 0, size, StandardCharsets.UTF_8);
    }
}
