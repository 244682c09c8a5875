package io.millrace.query.format;

import io.millrace.query.data.ColumnInfo;
import io.millrace.query.data.ColumnType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Turns one JSON value into a value of a SQL type.
///
/// | type | accepts |
/// |---|---|
/// | BOOLEAN | `true`, `false`, also as a string |
/// | SMALLINT, INTEGER, BIGINT | a number that is whole and in range, also as a string |
/// | REAL, DOUBLE | a number, also as a string; the strings `NaN`, `Infinity`, `-Infinity` |
/// | DECIMAL | a number, also as a string; rounded half up to the scale, refused when too large |
/// | VARCHAR | a string; of any other value its JSON text |
/// | VARBINARY | a base64 string |
/// | DATE, TIME | a string as in [TimeText] |
/// | TIMESTAMP, TIMESTAMPTZ | a string as in [TimeText]; a whole number of milliseconds since 1970 |
/// | INTERVAL | a string as [TimeText] writes it |
/// | UUID | a string of 36 characters |
/// | JSON | anything, as it stands |
/// | ARRAY, MAP, ROW | an array; an object; an object whose members are the fields, missing ones NULL |
///
/// The input has been checked to be well-formed. Threading: one thread at a time; results are valid until the
/// next read.
public final class JsonValueReader {
    private long longValue;
    private double doubleValue;
    private @Nullable Object object;
    private byte[] bytes = new byte[0];
    private int bytesStart;
    private int bytesLength;
    private byte[] scratch = new byte[64];

    public long longValue() {
        return longValue;
    }

    public double doubleValue() {
        return doubleValue;
    }

    /// `BigDecimal`, `List`, `Map` or `Object[]`.
    public Object object() {
        Object value = object;
        if (value == null) {
            throw new IllegalStateException("no object was read");
        }
        return value;
    }

    /// The array that holds a text or binary value: the input itself or a scratch array.
    public byte[] bytes() {
        return bytes;
    }

    public int bytesStart() {
        return bytesStart;
    }

    public int bytesLength() {
        return bytesLength;
    }

    /// Reads the value in `json[start, end)`, which is not `null`.
    ///
    /// @return false when the type does not accept it
    public boolean read(byte[] json, int start, int end, ColumnType type) {
        return switch (type.type()) {
            case BIGINT -> whole(json, start, end, Long.MIN_VALUE, Long.MAX_VALUE);
            case INTEGER -> whole(json, start, end, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case SMALLINT -> whole(json, start, end, Short.MIN_VALUE, Short.MAX_VALUE);
            case VARCHAR -> text(json, start, end);
            case DOUBLE -> floating(json, start, end, false);
            case REAL -> floating(json, start, end, true);
            case BOOLEAN -> bool(json, start, end);
            case TIMESTAMP, TIMESTAMPTZ -> timestamp(json, start, end);
            case DATE, TIME, INTERVAL_DAY, INTERVAL_MONTH -> timeString(json, start, end, type);
            case DECIMAL -> decimal(json, start, end, type);
            case JSON -> span(json, start, end - start);
            case VARBINARY -> base64(json, start, end);
            case UUID -> uuid(json, start, end);
            case ARRAY -> array(json, start, end, type);
            case MAP -> map(json, start, end, type);
            case ROW -> row(json, start, end, type);
            case NULL -> false;
        };
    }

    /// Reads a value and boxes it as [io.millrace.query.data.Column#objectAt] does; null for JSON's null.
    ///
    /// @return [#MISMATCH] when the type does not accept it
    public @Nullable Object boxed(byte[] json, int start, int end, ColumnType type) {
        if (json[start] == 'n') {
            return null;
        }
        if (!read(json, start, end, type)) {
            return MISMATCH;
        }
        return switch (type.type().storage()) {
            case LONG -> longValue;
            case DOUBLE -> doubleValue;
            case BYTES -> Arrays.copyOfRange(bytes, bytesStart, bytesStart + bytesLength);
            case OBJECT -> object;
        };
    }

    /// Says that a value does not fit its type.
    public static final Object MISMATCH = new Object();

    private boolean span(byte[] json, int start, int length) {
        bytes = json;
        bytesStart = start;
        bytesLength = length;
        return true;
    }

    private boolean text(byte[] json, int start, int end) {
        if (json[start] != '"') {
            return span(json, start, end - start);
        }
        return inside(json, start, end);
    }

    /// The text of a string token.
    private boolean inside(byte[] json, int start, int end) {
        if (!Json.hasEscape(json, start + 1, end - 1)) {
            return span(json, start + 1, end - start - 2);
        }
        if (scratch.length < end - start) {
            scratch = new byte[(end - start) * 2];
        }
        int length = Json.unescape(json, start + 1, end - 1, scratch, 0);
        return span(scratch, 0, length);
    }

    /// Digits of a number token or of a number inside a string.
    private boolean number(byte[] json, int start, int end) {
        if (json[start] != '"') {
            return json[start] == '-' || (json[start] >= '0' && json[start] <= '9')
                    ? span(json, start, end - start)
                    : false;
        }
        return inside(json, start, end) && NumberText.isNumber(bytes, bytesStart, bytesLength);
    }

    private boolean whole(byte[] json, int start, int end, long least, long greatest) {
        int at = start;
        boolean negative = json[at] == '-';
        if (negative) {
            at++;
        }
        long value = 0;
        if (end - at <= 18) {
            int i = at;
            for (; i < end; i++) {
                int digit = json[i] - '0';
                if (digit < 0 || digit > 9) {
                    break;
                }
                value = value * 10 + digit;
            }
            if (i == end) {
                longValue = negative ? -value : value;
                return longValue >= least && longValue <= greatest;
            }
        }
        if (!number(json, start, end)) {
            return false;
        }
        BigDecimal exact = NumberText.toDecimal(bytes, bytesStart, bytesLength);
        if (exact == null) {
            return false;
        }
        long magnitude = (long) exact.precision() - exact.scale();
        if (exact.signum() != 0 && (magnitude > 19 || magnitude <= 0)) {
            return false;
        }
        try {
            longValue = exact.signum() == 0 ? 0 : exact.longValueExact();
        } catch (ArithmeticException e) {
            return false;
        }
        return longValue >= least && longValue <= greatest;
    }

    private boolean floating(byte[] json, int start, int end, boolean real) {
        if (json[start] == '"' && inside(json, start, end)) {
            double special = switch (bytesLength) {
                case 3 -> same("NaN") ? Double.NaN : 0;
                case 8 -> same("Infinity") ? Double.POSITIVE_INFINITY : 0;
                case 9 -> same("-Infinity") ? Double.NEGATIVE_INFINITY : 0;
                default -> 0;
            };
            if (special != 0) {
                doubleValue = special;
                return true;
            }
        }
        if (!number(json, start, end)) {
            return false;
        }
        double value = NumberText.toDouble(bytes, bytesStart, bytesLength);
        doubleValue = real ? (float) value : value;
        return !Double.isInfinite(doubleValue);
    }

    private boolean same(String word) {
        if (bytesLength != word.length()) {
            return false;
        }
        for (int i = 0; i < bytesLength; i++) {
            if (bytes[bytesStart + i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private boolean bool(byte[] json, int start, int end) {
        byte first = json[start];
        if (first == 't' || first == 'f') {
            longValue = first == 't' ? 1 : 0;
            return true;
        }
        if (first != '"' || !inside(json, start, end)) {
            return false;
        }
        boolean isTrue = same("true");
        longValue = isTrue ? 1 : 0;
        return isTrue || same("false");
    }

    private boolean timestamp(byte[] json, int start, int end) {
        if (json[start] == '"') {
            if (!inside(json, start, end)) {
                return false;
            }
            longValue = TimeText.timestamp(bytes, bytesStart, bytesLength);
            return longValue != TimeText.INVALID;
        }
        return whole(json, start, end, -TIMESTAMP_MAX_MS, TIMESTAMP_MAX_MS);
    }

    /// Milliseconds beyond it (year 292,278) would overflow arithmetic of windows.
    private static final long TIMESTAMP_MAX_MS = Long.MAX_VALUE / 1000;

    private boolean timeString(byte[] json, int start, int end, ColumnType type) {
        if (json[start] != '"' || !inside(json, start, end)) {
            return false;
        }
        longValue = switch (type.type()) {
            case DATE -> TimeText.date(bytes, bytesStart, bytesLength);
            case TIME -> TimeText.time(bytes, bytesStart, bytesLength);
            case INTERVAL_DAY -> TimeText.dayInterval(bytes, bytesStart, bytesLength);
            default -> TimeText.monthInterval(bytes, bytesStart, bytesLength);
        };
        return longValue != TimeText.INVALID;
    }

    private boolean decimal(byte[] json, int start, int end, ColumnType type) {
        if (!number(json, start, end)) {
            return false;
        }
        BigDecimal value = NumberText.toDecimal(bytes, bytesStart, bytesLength);
        if (value == null) {
            return false;
        }
        int precision = type.precision() < 0 ? 38 : type.precision();
        long magnitude = (long) value.precision() - value.scale();
        if (value.signum() != 0 && magnitude > (long) precision - type.scale() + 1) {
            return false;
        }
        if (value.signum() == 0 || magnitude < -(type.scale() + 1L)) {
            value = BigDecimal.ZERO;
        }
        BigDecimal rounded = value.setScale(type.scale(), RoundingMode.HALF_UP);
        object = rounded;
        return rounded.signum() == 0 || rounded.precision() <= precision;
    }

    private boolean base64(byte[] json, int start, int end) {
        if (json[start] != '"' || !inside(json, start, end)) {
            return false;
        }
        try {
            byte[] decoded =
                    Base64.getDecoder().decode(Arrays.copyOfRange(bytes, bytesStart, bytesStart + bytesLength));
            return span(decoded, 0, decoded.length);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private boolean uuid(byte[] json, int start, int end) {
        if (json[start] != '"' || !inside(json, start, end) || bytesLength != 36) {
            return false;
        }
        byte[] uuid = new byte[16];
        int nibble = 0;
        for (int i = 0; i < 36; i++) {
            byte c = bytes[bytesStart + i];
            if (i == 8 || i == 13 || i == 18 || i == 23) {
                if (c != '-') {
                    return false;
                }
                continue;
            }
            int digit = Character.digit(c, 16);
            if (digit < 0) {
                return false;
            }
            uuid[nibble >> 1] |= (byte) (digit << ((nibble & 1) == 0 ? 4 : 0));
            nibble++;
        }
        return span(uuid, 0, 16);
    }

    private static ColumnType elementOf(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException(type + " has no element type");
        }
        return element;
    }

    private boolean array(byte[] json, int start, int end, ColumnType type) {
        if (json[start] != '[') {
            return false;
        }
        List<@Nullable Object> list = new ArrayList<>();
        JsonValueReader inner = new JsonValueReader();
        int at = Json.skipBlanks(json, start + 1, end);
        while (json[at] != ']') {
            int valueEnd = Json.skipValue(json, at, end);
            Object value = inner.boxed(json, at, valueEnd, elementOf(type));
            if (value == MISMATCH) {
                return false;
            }
            list.add(value);
            at = Json.skipBlanks(json, valueEnd, end);
            if (json[at] == ',') {
                at = Json.skipBlanks(json, at + 1, end);
            }
        }
        object = java.util.Collections.unmodifiableList(list);
        return true;
    }

    private boolean map(byte[] json, int start, int end, ColumnType type) {
        if (json[start] != '{') {
            return false;
        }
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        boolean[] fits = {true};
        JsonValueReader inner = new JsonValueReader();
        Map<String, int[]> members = members(json, start, end);
        members.forEach((name, place) -> {
            Object value = inner.boxed(json, place[0], place[1], elementOf(type));
            fits[0] &= value != MISMATCH;
            map.put(name, value);
        });
        object = java.util.Collections.unmodifiableMap(map);
        return fits[0];
    }

    private boolean row(byte[] json, int start, int end, ColumnType type) {
        if (json[start] != '{') {
            return false;
        }
        Map<String, int[]> members = members(json, start, end);
        @Nullable Object[] fields = new @Nullable Object[type.fields().size()];
        JsonValueReader inner = new JsonValueReader();
        for (int i = 0; i < fields.length; i++) {
            ColumnInfo field = type.fields().get(i);
            int[] place = members.get(field.name());
            Object value = place == null ? null : inner.boxed(json, place[0], place[1], field.type());
            if (value == MISMATCH) {
                return false;
            }
            fields[i] = value;
        }
        object = fields;
        return true;
    }

    /// Start and end of each member's value; of members with the same name the last one counts.
    private static Map<String, int[]> members(byte[] json, int start, int end) {
        Map<String, int[]> members = new LinkedHashMap<>();
        JsonValueReader names = new JsonValueReader();
        int at = Json.skipBlanks(json, start + 1, end);
        while (json[at] != '}') {
            int nameEnd = Json.skipString(json, at + 1, end);
            names.inside(json, at, nameEnd);
            String name = new String(names.bytes, names.bytesStart, names.bytesLength, StandardCharsets.UTF_8);
            at = Json.skipBlanks(json, nameEnd, end);
            at = Json.skipBlanks(json, at + 1, end);
            int valueEnd = Json.skipValue(json, at, end);
            members.put(name, new int[] {at, valueEnd});
            at = Json.skipBlanks(json, valueEnd, end);
            if (json[at] == ',') {
                at = Json.skipBlanks(json, at + 1, end);
            }
        }
        return members;
    }
}
