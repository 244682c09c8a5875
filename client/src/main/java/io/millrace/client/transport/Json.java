package io.millrace.client.transport;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON text to values and back, with every digit of every number.
///
/// | JSON    | Java |
/// |---------|------|
/// | object  | [LinkedHashMap], in the order of the text |
/// | array   | [ArrayList] |
/// | integer | [Long], or [BigInteger] beyond 64 bits |
/// | other numbers | [BigDecimal], scale kept |
/// | string, true, false, null | [String], [Boolean], null |
///
/// Of a repeated name in an object the last value counts. Errors are [JsonException].
public final class Json {
    private static final int DEPTH_MAX = 512;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /// The text is not JSON; the message says where and why.
    public static final class JsonException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        JsonException(String message) {
            super(message);
        }
    }

    public static @Nullable Object parse(String text) {
        Json json = new Json(text);
        json.skipSpace();
        Object value = json.value();
        json.skipSpace();
        if (json.at < text.length()) {
            throw json.unexpected("the end of the text");
        }
        return value;
    }

    public static String write(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    /// Writes maps, iterables, strings, numbers, booleans, null, byte arrays (base64) and `java.time` values
    /// (ISO text).
    public static void write(@Nullable Object value, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case String string -> writeString(string, out);
            case Boolean bool -> out.append(bool.booleanValue());
            case BigDecimal decimal -> out.append(decimal);
            case Double number when !Double.isFinite(number) -> writeString(number.toString(), out);
            case Float number when !Float.isFinite(number) -> writeString(number.toString(), out);
            case Number number -> out.append(number);
            case byte[] bytes -> writeString(Base64.getEncoder().encodeToString(bytes), out);
            case Map<?, ?> map -> {
                out.append('{');
                boolean first = true;
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    if (!first) {
                        out.append(',');
                    }
                    first = false;
                    writeString(String.valueOf(entry.getKey()), out);
                    out.append(':');
                    write(entry.getValue(), out);
                }
                out.append('}');
            }
            case Iterable<?> items -> {
                out.append('[');
                boolean first = true;
                for (Object item : items) {
                    if (!first) {
                        out.append(',');
                    }
                    first = false;
                    write(item, out);
                }
                out.append(']');
            }
            case Temporal time -> writeString(time.toString(), out);
            case Object other -> writeString(other.toString(), out);
        }
    }

    public static void writeString(String string, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    boolean loneSurrogate = Character.isSurrogate(c)
                            && !(Character.isHighSurrogate(c)
                                    && i + 1 < string.length()
                                    && Character.isLowSurrogate(string.charAt(i + 1)))
                            && !(Character.isLowSurrogate(c)
                                    && i > 0
                                    && Character.isHighSurrogate(string.charAt(i - 1)));
                    if (c < 0x20 || loneSurrogate) { // UTF-8 cannot carry half a pair
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private @Nullable Object value() {
        if (at >= text.length()) {
            throw unexpected("a value");
        }
        return switch (text.charAt(at)) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", Boolean.TRUE);
            case 'f' -> word("false", Boolean.FALSE);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, @Nullable Object> object() {
        enter();
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        at++;
        skipSpace();
        if (peek() == '}') {
            at++;
            depth--;
            return object;
        }
        while (true) {
            skipSpace();
            if (peek() != '"') {
                throw unexpected("a name in quotes");
            }
            String name = string();
            skipSpace();
            if (peek() != ':') {
                throw unexpected("':'");
            }
            at++;
            skipSpace();
            object.put(name, value());
            skipSpace();
            char c = peek();
            at++;
            if (c == '}') {
                depth--;
                return object;
            }
            if (c != ',') {
                at--;
                throw unexpected("',' or '}'");
            }
        }
    }

    private List<@Nullable Object> array() {
        enter();
        List<@Nullable Object> array = new ArrayList<>();
        at++;
        skipSpace();
        if (peek() == ']') {
            at++;
            depth--;
            return array;
        }
        while (true) {
            skipSpace();
            array.add(value());
            skipSpace();
            char c = peek();
            at++;
            if (c == ']') {
                depth--;
                return array;
            }
            if (c != ',') {
                at--;
                throw unexpected("',' or ']'");
            }
        }
    }

    private void enter() {
        if (++depth > DEPTH_MAX) {
            throw new JsonException("JSON nests deeper than " + DEPTH_MAX + " levels");
        }
    }

    private String string() {
        int start = ++at;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"') {
                return text.substring(start, at++);
            }
            if (c == '\\') {
                return escapedString(start);
            }
            if (c < 0x20) {
                throw unexpected("no control character in a string");
            }
        }
        throw unexpected("'\"' at the end of a string");
    }

    private String escapedString(int start) {
        StringBuilder out = new StringBuilder(text.substring(start, at));
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return out.toString();
            }
            if (c < 0x20) {
                at--;
                throw unexpected("no control character in a string");
            }
            if (c != '\\') {
                out.append(c);
                continue;
            }
            if (at >= text.length()) {
                break;
            }
            char escape = text.charAt(at++);
            switch (escape) {
                case '"', '\\', '/' -> out.append(escape);
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'u' -> out.append(unicode());
                default -> {
                    at--;
                    throw unexpected("a known escape");
                }
            }
        }
        throw unexpected("'\"' at the end of a string");
    }

    private char unicode() {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
            if (digit < 0 || text.charAt(at) > 'f') {
                throw unexpected("four hexadecimal digits");
            }
            code = code * 16 + digit;
            at++;
        }
        return (char) code;
    }

    private @Nullable Object word(String word, @Nullable Object meaning) {
        if (!text.startsWith(word, at)) {
            throw unexpected("a value");
        }
        at += word.length();
        return meaning;
    }

    private Number number() {
        int start = at;
        if (peekOr() == '-') {
            at++;
        }
        int firstDigit = at;
        int digits = digits();
        if (digits == 0) {
            at = start;
            throw unexpected("a value");
        }
        if (digits > 1 && text.charAt(firstDigit) == '0') {
            at = firstDigit;
            throw unexpected("no leading zero");
        }
        boolean whole = true;
        if (peekOr() == '.') {
            whole = false;
            at++;
            if (digits() == 0) {
                throw unexpected("a digit");
            }
        }
        if (peekOr() == 'e' || peekOr() == 'E') {
            whole = false;
            at++;
            if (peekOr() == '+' || peekOr() == '-') {
                at++;
            }
            if (digits() == 0) {
                throw unexpected("a digit");
            }
        }
        if (whole && at - start <= 18) {
            return Long.parseLong(text, start, at, 10);
        }
        String token = text.substring(start, at);
        if (!whole) {
            try {
                return new BigDecimal(token);
            } catch (NumberFormatException tooLarge) { // an exponent beyond 32 bits
                at = start;
                throw unexpected("a number of sensible size");
            }
        }
        BigInteger integer = new BigInteger(token);
        return integer.bitLength() < Long.SIZE ? (Number) integer.longValue() : integer;
    }

    private int digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - start;
    }

    private char peek() {
        if (at >= text.length()) {
            throw unexpected("more text");
        }
        return text.charAt(at);
    }

    private char peekOr() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private void skipSpace() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                return;
            }
            at++;
        }
    }

    private JsonException unexpected(String expected) {
        String found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end of the text";
        return new JsonException("expected " + expected + " at character " + at + " of JSON text, found " + found);
    }
}
