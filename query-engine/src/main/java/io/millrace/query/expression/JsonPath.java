package io.millrace.query.expression;

import io.millrace.query.format.Json;
import io.millrace.query.format.TextBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A way into a JSON document: `$`, `.name`, `["name"]`, `[3]`. Tolerant: where the document is no JSON or has
/// nothing there, the answer is NULL. Of members with the same name the last one counts.
///
/// Public because generated code calls it.
public final class JsonPath {
    /// The document itself.
    public static final JsonPath ROOT = new JsonPath(List.of());

    private final List<Object> steps;
    private final byte[][] names;

    private JsonPath(List<Object> steps) {
        this.steps = List.copyOf(steps);
        names = new byte[steps.size()][];
        for (int i = 0; i < names.length; i++) {
            if (steps.get(i) instanceof String name) {
                names[i] = name.getBytes(StandardCharsets.UTF_8);
            }
        }
    }

    public static JsonPath member(String name) {
        return new JsonPath(List.of(name));
    }

    /// @param index from 0; a negative one finds nothing
    public static JsonPath element(int index) {
        return new JsonPath(List.of(index));
    }

    /// Reads `$.a.b[0]["c d"]`, with `lax` in front or not.
    ///
    /// @return null when the text is another kind of path
    static @Nullable JsonPath parse(String text) {
        String path = text.strip();
        if (path.startsWith("lax ")) {
            path = path.substring(4).strip();
        }
        if (!path.startsWith("$")) {
            return null;
        }
        List<Object> steps = new ArrayList<>();
        int at = 1;
        while (at < path.length()) {
            char c = path.charAt(at);
            if (c == '.') {
                int end = at + 1;
                while (end < path.length()
                        && (Character.isLetterOrDigit(path.charAt(end)) || path.charAt(end) == '_')) {
                    end++;
                }
                if (end == at + 1) {
                    return null;
                }
                steps.add(path.substring(at + 1, end));
                at = end;
            } else if (c == '[') {
                int close = path.indexOf(']', at);
                if (close < 0) {
                    return null;
                }
                String inside = path.substring(at + 1, close).strip();
                char quote = inside.isEmpty() ? 0 : inside.charAt(0);
                if (quote == '"' || quote == '\'') {
                    if (inside.length() < 2
                            || inside.charAt(inside.length() - 1) != quote
                            || inside.indexOf('\\') >= 0) {
                        return null;
                    }
                    steps.add(inside.substring(1, inside.length() - 1));
                } else {
                    if (inside.isEmpty()
                            || inside.length() > 9
                            || !inside.chars().allMatch(d -> d >= '0' && d <= '9')) {
                        return null;
                    }
                    steps.add(Integer.parseInt(inside));
                }
                at = close + 1;
            } else {
                return null;
            }
        }
        return new JsonPath(steps);
    }

    /// The value there as JSON text.
    public byte @Nullable [] json(byte[] document, int start, int length) {
        long place = find(document, start, length);
        return place < 0 ? null : Arrays.copyOfRange(document, (int) (place >>> 32), (int) place);
    }

    /// The value there as text: a string's characters, the JSON text of any other value, null for JSON's null.
    public byte @Nullable [] text(byte[] document, int start, int length) {
        long place = find(document, start, length);
        return place < 0 ? null : textAt(document, (int) (place >>> 32), (int) place);
    }

    /// The value there as text when it is a scalar, as JSON_VALUE wants it.
    public byte @Nullable [] scalar(byte[] document, int start, int length) {
        long place = find(document, start, length);
        if (place < 0) {
            return null;
        }
        byte first = document[(int) (place >>> 32)];
        return first == '{' || first == '[' ? null : textAt(document, (int) (place >>> 32), (int) place);
    }

    /// The value there as JSON text when it is an object or an array, as JSON_QUERY wants it.
    public byte @Nullable [] structure(byte[] document, int start, int length) {
        byte[] found = json(document, start, length);
        return found == null || (found[0] != '{' && found[0] != '[') ? null : found;
    }

    /// Whether there is something, be it null.
    public boolean exists(byte[] document, int start, int length) {
        return find(document, start, length) >= 0;
    }

    private static byte @Nullable [] textAt(byte[] document, int from, int to) {
        byte first = document[from];
        if (first == 'n') {
            return null;
        }
        if (first != '"') {
            return Arrays.copyOfRange(document, from, to);
        }
        if (!Json.hasEscape(document, from + 1, to - 1)) {
            return Arrays.copyOfRange(document, from + 1, to - 1);
        }
        byte[] text = new byte[to - from];
        return Arrays.copyOf(text, Json.unescape(document, from + 1, to - 1, text, 0));
    }

    /// Start of the value in the upper half, its end in the lower one; −1 for none. The whole document is
    /// checked.
    private long find(byte[] document, int start, int length) {
        int end = start + length;
        int from = Json.skipBlanks(document, start, end);
        int to = Json.skipValue(document, from, end);
        if (to < 0 || Json.skipBlanks(document, to, end) != end) {
            return -1;
        }
        for (int i = 0; i < names.length; i++) {
            long place = names[i] != null
                    ? findMember(document, from, to, names[i])
                    : findElement(document, from, to, (Integer) steps.get(i));
            if (place < 0) {
                return -1;
            }
            from = (int) (place >>> 32);
            to = (int) place;
        }
        return (long) from << 32 | to;
    }

    private static long findMember(byte[] json, int from, int to, byte[] name) {
        if (json[from] != '{') {
            return -1;
        }
        long found = -1;
        int at = Json.skipBlanks(json, from + 1, to);
        while (json[at] != '}') {
            int nameEnd = Json.skipString(json, at + 1, to);
            boolean same = sameName(json, at + 1, nameEnd - 1, name);
            at = Json.skipBlanks(json, nameEnd, to);
            at = Json.skipBlanks(json, at + 1, to);
            int valueEnd = Json.skipValue(json, at, to);
            if (same) {
                found = (long) at << 32 | valueEnd;
            }
            at = Json.skipBlanks(json, valueEnd, to);
            if (json[at] == ',') {
                at = Json.skipBlanks(json, at + 1, to);
            }
        }
        return found;
    }

    private static boolean sameName(byte[] json, int start, int end, byte[] name) {
        if (Json.hasEscape(json, start, end)) {
            byte[] text = new byte[end - start];
            int length = Json.unescape(json, start, end, text, 0);
            return Arrays.equals(text, 0, length, name, 0, name.length);
        }
        return Arrays.equals(json, start, end, name, 0, name.length);
    }

    private static long findElement(byte[] json, int from, int to, int index) {
        if (json[from] != '[' || index < 0) {
            return -1;
        }
        int at = Json.skipBlanks(json, from + 1, to);
        for (int i = 0; json[at] != ']'; i++) {
            int valueEnd = Json.skipValue(json, at, to);
            if (i == index) {
                return (long) at << 32 | valueEnd;
            }
            at = Json.skipBlanks(json, valueEnd, to);
            if (json[at] == ',') {
                at = Json.skipBlanks(json, at + 1, to);
            }
        }
        return -1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof JsonPath path && path.steps.equals(steps);
    }

    @Override
    public int hashCode() {
        return steps.hashCode();
    }

    @Override
    public String toString() {
        TextBuffer text = new TextBuffer(16);
        text.put('$');
        for (Object step : steps) {
            text.put('[');
            if (step instanceof String name) {
                text.jsonString(name);
            } else {
                text.number((Integer) step);
            }
            text.put(']');
        }
        return text.toString();
    }
}
