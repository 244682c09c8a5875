package io.millrace.http.json;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Finds one member of a JSON object in bytes, by a path such as `user.id`, without building anything.
///
/// Threading: one thread at a time; the result is valid until the next [#find].
public final class JsonField {
    private static final int DEPTH_MAX = 100;

    private final byte[][] path;
    private byte[] unescaped = new byte[64];
    private byte[] source = unescaped;
    private int at;
    private int end;
    private byte[] value = unescaped;
    private int valueStart;
    private int valueLength;

    /// @param path names separated by dots
    public JsonField(String path) {
        List<byte[]> names = new ArrayList<>();
        for (String name : path.split("\\.", -1)) {
            names.add(name.getBytes(StandardCharsets.UTF_8));
        }
        this.path = names.toArray(byte[][]::new);
    }

    /// The text of the value: a string without quotes and escapes, anything else as it stands.
    public byte[] value() {
        return value;
    }

    public int valueStart() {
        return valueStart;
    }

    public int valueLength() {
        return valueLength;
    }

    /// Looks for the member; the first one when a name comes twice.
    ///
    /// @return false when it is absent or null
    /// @throws MalformedJsonException what was looked at is not JSON
    public boolean find(byte[] bytes, int start, int length) throws MalformedJsonException {
        source = bytes;
        at = start;
        end = start + length;
        skipSpace();
        for (byte[] name : path) {
            if (at >= end || source[at] != '{' || !enter(name)) {
                return false;
            }
        }
        if (source[at] == 'n') {
            return false;
        }
        if (source[at] == '"') {
            string();
            return true;
        }
        valueStart = at;
        skipValue(0);
        value = source;
        valueLength = at - valueStart;
        return true;
    }

    /// Decodes a document that is one string.
    ///
    /// @throws MalformedJsonException it is not
    public void unwrap(byte[] bytes, int start, int length) throws MalformedJsonException {
        source = bytes;
        at = start;
        end = start + length;
        string();
        skipSpace();
        if (at != end) {
            throw malformed("more follows behind the string");
        }
    }

    /// From `{` to the value of the member.
    private boolean enter(byte[] name) throws MalformedJsonException {
        at++;
        skipSpace();
        if (peek() == '}') {
            return false;
        }
        while (true) {
            if (peek() != '"') {
                throw malformed("expected a member's name");
            }
            string();
            boolean found = valueLength == name.length
                    && java.util.Arrays.equals(value, valueStart, valueStart + valueLength, name, 0, name.length);
            skipSpace();
            if (peek() != ':') {
                throw malformed("expected ':'");
            }
            at++;
            skipSpace();
            if (found) {
                peek();
                return true;
            }
            skipValue(0);
            skipSpace();
            byte next = peek();
            at++;
            if (next == '}') {
                return false;
            }
            if (next != ',') {
                throw malformed("expected ',' or '}'");
            }
            skipSpace();
        }
    }

    /// Reads the string that starts at `at`; without escapes it is not copied.
    private void string() throws MalformedJsonException {
        int start = ++at;
        while (at < end && source[at] != '"' && source[at] != '\\') {
            if (source[at] >= 0 && source[at] < 0x20) {
                throw malformed("control characters must be escaped");
            }
            at++;
        }
        if (peek() == '"') {
            value = source;
            valueStart = start;
            valueLength = at - start;
            at++;
            return;
        }
        if (unescaped.length < end - start) {
            unescaped = new byte[Math.max(end - start, unescaped.length * 2)];
        }
        int length = at - start;
        System.arraycopy(source, start, unescaped, 0, length);
        while (peek() != '"') {
            byte next = source[at++];
            if (next == '\\') {
                length = escape(length);
            } else if (next >= 0 && next < 0x20) {
                throw malformed("control characters must be escaped");
            } else {
                unescaped[length++] = next;
            }
        }
        at++;
        value = unescaped;
        valueStart = 0;
        valueLength = length;
    }

    private int escape(int length) throws MalformedJsonException {
        byte kind = peek();
        at++;
        switch (kind) {
            case '"', '\\', '/' -> unescaped[length] = kind;
            case 'b' -> unescaped[length] = '\b';
            case 'f' -> unescaped[length] = '\f';
            case 'n' -> unescaped[length] = '\n';
            case 'r' -> unescaped[length] = '\r';
            case 't' -> unescaped[length] = '\t';
            case 'u' -> {
                int point = hex4();
                if (Character.isHighSurrogate((char) point)) {
                    if (end - at < 2 || source[at] != '\\' || source[at + 1] != 'u') {
                        throw malformed("half of a surrogate pair");
                    }
                    at += 2;
                    int low = hex4();
                    if (!Character.isLowSurrogate((char) low)) {
                        throw malformed("half of a surrogate pair");
                    }
                    point = Character.toCodePoint((char) point, (char) low);
                } else if (Character.isLowSurrogate((char) point)) {
                    throw malformed("half of a surrogate pair");
                }
                byte[] utf8 = Character.toString(point).getBytes(StandardCharsets.UTF_8);
                System.arraycopy(utf8, 0, unescaped, length, utf8.length);
                return length + utf8.length;
            }
            default -> throw malformed("unknown escape");
        }
        return length + 1;
    }

    private int hex4() throws MalformedJsonException {
        if (end - at < 4) {
            throw malformed("\\u needs four hex digits");
        }
        int point = 0;
        for (int i = 0; i < 4; i++) {
            int digit = source[at] < 0 ? -1 : Character.digit(source[at], 16);
            if (digit < 0) {
                throw malformed("\\u needs four hex digits");
            }
            point = point << 4 | digit;
            at++;
        }
        return point;
    }

    private void skipValue(int depth) throws MalformedJsonException {
        if (depth > DEPTH_MAX) {
            throw malformed("nested deeper than " + DEPTH_MAX);
        }
        byte first = peek();
        if (first == '"') {
            skipString();
        } else if (first == '{' || first == '[') {
            byte close = first == '{' ? (byte) '}' : (byte) ']';
            at++;
            skipSpace();
            while (peek() != close) {
                if (first == '{') {
                    if (peek() != '"') {
                        throw malformed("expected a member's name");
                    }
                    skipString();
                    skipSpace();
                    if (peek() != ':') {
                        throw malformed("expected ':'");
                    }
                    at++;
                    skipSpace();
                }
                skipValue(depth + 1);
                skipSpace();
                if (peek() == ',') {
                    at++;
                    skipSpace();
                    if (peek() == close) {
                        throw malformed("a comma too many");
                    }
                } else if (peek() != close) {
                    throw malformed("expected ',' or '" + (char) close + "'");
                }
            }
            at++;
        } else {
            int start = at;
            while (at < end && isScalar(source[at])) {
                at++;
            }
            if (at == start) {
                throw malformed("expected a value");
            }
        }
    }

    private void skipString() throws MalformedJsonException {
        at++;
        while (peek() != '"') {
            at += source[at] == '\\' ? 2 : 1;
        }
        at++;
    }

    private static boolean isScalar(byte next) {
        return (next >= '0' && next <= '9')
                || (next >= 'a' && next <= 'z')
                || next == '-'
                || next == '+'
                || next == '.'
                || next == 'E';
    }

    private void skipSpace() {
        while (at < end && (source[at] == ' ' || source[at] == '\t' || source[at] == '\n' || source[at] == '\r')) {
            at++;
        }
    }

    private byte peek() throws MalformedJsonException {
        if (at >= end) {
            throw malformed("it ends too early");
        }
        return source[at];
    }

    private static MalformedJsonException malformed(String what) {
        return new MalformedJsonException(what);
    }
}
