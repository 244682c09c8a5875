package io.millrace.query.format;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// JSON text as bytes (RFC 8259), looked at without making objects of it.
///
/// Positions are indexes into the array; ends are excluded. Every method stops at `end` and answers
/// [#MALFORMED] for text that is no JSON; none throws for any bytes. Arrays may be longer than `end`: eight
/// bytes are looked at together where the array is long enough.
public final class Json {
    /// What methods that look for an end return when there is none.
    public static final int MALFORMED = -1;

    /// Arrays and objects may be nested so deep; deeper text counts as malformed.
    public static final int DEPTH_MAX = 512;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;

    private Json() {}

    static long eight(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /// First position from `at` on that is no white space.
    public static int skipBlanks(byte[] json, int at, int end) {
        int i = at;
        while (i < end && json[i] <= ' ' && (json[i] == ' ' || json[i] == '\n' || json[i] == '\r' || json[i] == '\t')) {
            i++;
        }
        return i;
    }

    /// Position after the closing quote of the string whose first character is at `at`.
    public static int skipString(byte[] json, int at, int end) {
        int i = at;
        int wordsEnd = Math.min(end, json.length - 7);
        while (true) {
            while (i < wordsEnd) {
                long word = (long) LONG.get(json, i);
                long quote = word ^ (ONES * '"');
                long backslash = word ^ (ONES * '\\');
                long special =
                        (((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - ONES * ' ') & ~word))
                                & HIGHS;
                if (special != 0) {
                    i += Long.numberOfTrailingZeros(special) >>> 3;
                    break;
                }
                i += 8;
            }
            if (i >= end) {
                return MALFORMED;
            }
            byte c = json[i];
            if (c == '"') {
                return i + 1;
            }
            if (c == '\\') {
                i = skipEscape(json, i + 1, end);
                if (i < 0) {
                    return MALFORMED;
                }
            } else if (c >= 0 && c < ' ') {
                return MALFORMED;
            } else {
                i++;
            }
        }
    }

    private static int skipEscape(byte[] json, int at, int end) {
        if (at >= end) {
            return MALFORMED;
        }
        switch (json[at]) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
                return at + 1;
            }
            case 'u' -> {
                if (at + 4 >= end) {
                    return MALFORMED;
                }
                for (int i = at + 1; i <= at + 4; i++) {
                    if (hexDigit(json[i]) < 0) {
                        return MALFORMED;
                    }
                }
                return at + 5;
            }
            default -> {
                return MALFORMED;
            }
        }
    }

    private static int hexDigit(byte c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        int lower = c | 0x20;
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    /// Position after the number that begins at `at`.
    public static int skipNumber(byte[] json, int at, int end) {
        int i = at;
        if (i < end && json[i] == '-') {
            i++;
        }
        if (i >= end || !digit(json[i])) {
            return MALFORMED;
        }
        if (json[i] == '0') {
            i++;
        } else {
            while (i < end && digit(json[i])) {
                i++;
            }
        }
        if (i < end && json[i] == '.') {
            i++;
            if (i >= end || !digit(json[i])) {
                return MALFORMED;
            }
            while (i < end && digit(json[i])) {
                i++;
            }
        }
        if (i < end && (json[i] == 'e' || json[i] == 'E')) {
            i++;
            if (i < end && (json[i] == '+' || json[i] == '-')) {
                i++;
            }
            if (i >= end || !digit(json[i])) {
                return MALFORMED;
            }
            while (i < end && digit(json[i])) {
                i++;
            }
        }
        return i;
    }

    private static boolean digit(byte c) {
        return c >= '0' && c <= '9';
    }

    /// Position after the literal `true`, `false` or `null` that begins at `at`.
    public static int skipWord(byte[] json, int at, int end) {
        return switch (json[at]) {
            case 't' ->
                at + 4 <= end && json[at + 1] == 'r' && json[at + 2] == 'u' && json[at + 3] == 'e' ? at + 4 : MALFORMED;
            case 'n' ->
                at + 4 <= end && json[at + 1] == 'u' && json[at + 2] == 'l' && json[at + 3] == 'l' ? at + 4 : MALFORMED;
            case 'f' ->
                at + 5 <= end
                                && json[at + 1] == 'a'
                                && json[at + 2] == 'l'
                                && json[at + 3] == 's'
                                && json[at + 4] == 'e'
                        ? at + 5
                        : MALFORMED;
            default -> MALFORMED;
        };
    }

    /// Position after the value that begins at `at` (no blank there), checked in full.
    public static int skipValue(byte[] json, int at, int end) {
        return skipValue(json, at, end, DEPTH_MAX);
    }

    /// The same for a value that may have only `depthMax` levels because it lies inside others.
    public static int skipValue(byte[] json, int at, int end, int depthMax) {
        if (at >= end) {
            return MALFORMED;
        }
        return switch (json[at]) {
            case '"' -> skipString(json, at + 1, end);
            case '{', '[' -> skipNested(json, at, end, depthMax);
            case 't', 'f', 'n' -> skipWord(json, at, end);
            default -> skipNumber(json, at, end);
        };
    }

    /// Position after the object or array at `at`. Nesting is kept in bits: set for an object.
    private static int skipNested(byte[] json, int at, int end, int depthMax) {
        long bits = 0; // of the innermost 64 levels
        long @org.jspecify.annotations.Nullable [] outer = null;
        int depth = 0;
        int i = at;
        while (true) {
            // a value begins at i
            if (i >= end) {
                return MALFORMED;
            }
            byte c = json[i];
            if (c == '{' || c == '[') {
                if (depth == depthMax) {
                    return MALFORMED;
                }
                if (depth > 0 && (depth & 63) == 0) {
                    if (outer == null) {
                        outer = new long[DEPTH_MAX / 64];
                    }
                    outer[(depth >>> 6) - 1] = bits;
                    bits = 0;
                }
                boolean object = c == '{';
                bits = bits << 1 | (object ? 1 : 0);
                depth++;
                i = skipBlanks(json, i + 1, end);
                if (i >= end) {
                    return MALFORMED;
                }
                if (json[i] != (object ? '}' : ']')) {
                    if (object) {
                        i = skipMemberName(json, i, end);
                        if (i < 0) {
                            return MALFORMED;
                        }
                    }
                    continue;
                }
            } else {
                i = c == '"'
                        ? skipString(json, i + 1, end)
                        : c == 't' || c == 'f' || c == 'n' ? skipWord(json, i, end) : skipNumber(json, i, end);
                if (i < 0) {
                    return MALFORMED;
                }
                i = skipBlanks(json, i, end);
            }
            // behind a value, or at the closing bracket of an empty container
            while (true) {
                if (i >= end) {
                    return MALFORMED;
                }
                boolean object = (bits & 1) != 0;
                byte next = json[i];
                if (next == ',') {
                    i = skipBlanks(json, i + 1, end);
                    if (object) {
                        i = skipMemberName(json, i, end);
                        if (i < 0) {
                            return MALFORMED;
                        }
                    }
                    break;
                }
                if (next != (object ? '}' : ']')) {
                    return MALFORMED;
                }
                i++;
                depth--;
                if (depth == 0) {
                    return i;
                }
                bits >>>= 1;
                if ((depth & 63) == 0 && outer != null) {
                    bits = outer[(depth >>> 6) - 1];
                }
                i = skipBlanks(json, i, end);
            }
        }
    }

    /// From the quote of a member's name to the first character of its value.
    private static int skipMemberName(byte[] json, int at, int end) {
        if (at >= end || json[at] != '"') {
            return MALFORMED;
        }
        int i = skipString(json, at + 1, end);
        if (i < 0) {
            return MALFORMED;
        }
        i = skipBlanks(json, i, end);
        if (i >= end || json[i] != ':') {
            return MALFORMED;
        }
        return skipBlanks(json, i + 1, end);
    }

    /// Whether a string's inside has escapes.
    public static boolean hasEscape(byte[] json, int start, int end) {
        for (int i = start; i < end; i++) {
            if (json[i] == '\\') {
                return true;
            }
        }
        return false;
    }

    /// Writes the text that the inside of a checked string stands for; never longer than the inside. An escaped
    /// surrogate without its partner becomes U+FFFD.
    ///
    /// @return where it ends in `into`
    public static int unescape(byte[] json, int start, int end, byte[] into, int at) {
        int to = at;
        int i = start;
        while (i < end) {
            byte c = json[i++];
            if (c != '\\') {
                into[to++] = c;
                continue;
            }
            byte escaped = json[i++];
            switch (escaped) {
                case 'b' -> into[to++] = '\b';
                case 'f' -> into[to++] = '\f';
                case 'n' -> into[to++] = '\n';
                case 'r' -> into[to++] = '\r';
                case 't' -> into[to++] = '\t';
                case 'u' -> {
                    int unit = fourHex(json, i);
                    i += 4;
                    int codePoint = unit;
                    if (Character.isSurrogate((char) unit)) {
                        codePoint = 0xFFFD;
                        if (Character.isHighSurrogate((char) unit)
                                && i + 6 <= end
                                && json[i] == '\\'
                                && json[i + 1] == 'u') {
                            int low = fourHex(json, i + 2);
                            if (Character.isLowSurrogate((char) low)) {
                                codePoint = Character.toCodePoint((char) unit, (char) low);
                                i += 6;
                            }
                        }
                    }
                    to = writeUtf8(codePoint, into, to);
                }
                default -> into[to++] = escaped;
            }
        }
        return to;
    }

    private static int fourHex(byte[] json, int at) {
        return hexDigit(json[at]) << 12
                | hexDigit(json[at + 1]) << 8
                | hexDigit(json[at + 2]) << 4
                | hexDigit(json[at + 3]);
    }

    private static int writeUtf8(int codePoint, byte[] into, int at) {
        if (codePoint < 0x80) {
            into[at] = (byte) codePoint;
            return at + 1;
        }
        if (codePoint < 0x800) {
            into[at] = (byte) (0xC0 | codePoint >> 6);
            into[at + 1] = (byte) (0x80 | codePoint & 0x3F);
            return at + 2;
        }
        if (codePoint < 0x10000) {
            into[at] = (byte) (0xE0 | codePoint >> 12);
            into[at + 1] = (byte) (0x80 | codePoint >> 6 & 0x3F);
            into[at + 2] = (byte) (0x80 | codePoint & 0x3F);
            return at + 3;
        }
        into[at] = (byte) (0xF0 | codePoint >> 18);
        into[at + 1] = (byte) (0x80 | codePoint >> 12 & 0x3F);
        into[at + 2] = (byte) (0x80 | codePoint >> 6 & 0x3F);
        into[at + 3] = (byte) (0x80 | codePoint & 0x3F);
        return at + 4;
    }

    /// Whether bytes are well-formed UTF-8 (no surrogates, nothing overlong). ASCII takes an eighth of a step a
    /// byte.
    public static boolean validUtf8(byte[] bytes, int start, int length) {
        int i = start;
        int end = start + length;
        while (true) {
            while (i + 8 <= end && ((long) LONG.get(bytes, i) & HIGHS) == 0) {
                i += 8;
            }
            while (i < end && bytes[i] >= 0) {
                i++;
            }
            if (i >= end) {
                return true;
            }
            int lead = bytes[i] & 0xFF;
            int more = lead >= 0xC2 && lead < 0xE0
                    ? 1
                    : lead >= 0xE0 && lead < 0xF0 ? 2 : lead >= 0xF0 && lead < 0xF5 ? 3 : 0;
            if (more == 0 || i + more >= end) {
                return false;
            }
            int second = bytes[i + 1] & 0xFF;
            int least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
            int greatest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
            if (second < least || second > greatest) {
                return false;
            }
            for (int k = 2; k <= more; k++) {
                if ((bytes[i + k] & 0xC0) != 0x80) {
                    return false;
                }
            }
            i += more + 1;
        }
    }
}
