package io.millrace.query.format;

import io.millrace.query.data.ColumnType;
import io.millrace.query.data.SqlType;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A growing array of bytes that values are written to as text.
///
/// Threading: one thread at a time. [#bytes] changes identity when it grows; valid up to [#length].
public final class TextBuffer {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.ISO_8859_1);
    private static final byte[] LEAST_LONG = Long.toString(Long.MIN_VALUE).getBytes(StandardCharsets.ISO_8859_1);

    private byte[] bytes;
    private int length;

    public TextBuffer(int capacity) {
        bytes = new byte[Math.max(64, capacity)];
    }

    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    public void clear() {
        length = 0;
    }

    /// Takes back what was written from `wanted` on.
    public void truncate(int wanted) {
        length = Math.min(length, wanted);
    }

    public byte[] toByteArray() {
        return Arrays.copyOf(bytes, length);
    }

    /// As text, for tests and messages.
    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private void reserve(int more) {
        int wanted = Math.addExact(length, more);
        if (wanted > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.max(wanted, Math.min(bytes.length * 2L, Integer.MAX_VALUE - 8)));
        }
    }

    /// One ASCII character.
    public void put(char c) {
        reserve(1);
        bytes[length++] = (byte) c;
    }

    /// ASCII text.
    public void ascii(String text) {
        reserve(text.length());
        for (int i = 0; i < text.length(); i++) {
            bytes[length++] = (byte) text.charAt(i);
        }
    }

    public void raw(byte[] source, int start, int count) {
        reserve(count);
        System.arraycopy(source, start, bytes, length, count);
        length += count;
    }

    public void number(long value) {
        if (value == Long.MIN_VALUE) {
            raw(LEAST_LONG, 0, LEAST_LONG.length);
            return;
        }
        reserve(20);
        long rest = value;
        if (rest < 0) {
            bytes[length++] = '-';
            rest = -rest;
        }
        int digits = digitCount(rest);
        int at = length + digits;
        length = at;
        while (rest > Integer.MAX_VALUE) {
            bytes[--at] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        int small = (int) rest;
        do {
            bytes[--at] = (byte) ('0' + small % 10);
            small /= 10;
        } while (small != 0);
    }

    private static int digitCount(long value) {
        int digits = 1;
        long limit = 10;
        while (digits < 19 && value >= limit) {
            digits++;
            limit *= 10;
        }
        return digits;
    }

    /// The shortest text that reads back as the same number.
    ///
    /// With at most three places after the point and ten digits no object is made: of all texts with at most 15
    /// digits only one reads back as a given double, so the one found is what the JDK would find.
    public void number(double value, boolean real) {
        double magnitude = Math.abs(value);
        if (!real && magnitude < 1e7 && (magnitude >= 1e-3 || value == 0)) {
            long thousandths = (long) Math.rint(magnitude * 1000);
            if (thousandths / 1000.0 == magnitude) {
                if (value < 0 || (value == 0 && 1 / value < 0)) {
                    put('-');
                }
                number(thousandths / 1000);
                put('.');
                int rest = (int) (thousandths % 1000);
                put((char) ('0' + rest / 100));
                if (rest % 100 != 0) {
                    put((char) ('0' + rest / 10 % 10));
                    if (rest % 10 != 0) {
                        put((char) ('0' + rest % 10));
                    }
                }
                return;
            }
        }
        ascii(real ? Float.toString((float) value) : Double.toString(value));
    }

    /// The value at a row of a column as JSON.
    void json(io.millrace.query.data.Column column, int row, ColumnType type) {
        if (column.isNull(row)) {
            ascii("null");
            return;
        }
        switch (column) {
            case io.millrace.query.data.LongColumn longs -> json(longs.get(row), type.type());
            case io.millrace.query.data.DoubleColumn doubles -> json(doubles.get(row), type.type());
            case io.millrace.query.data.BytesColumn texts ->
                json(texts.data(), texts.start(row), texts.length(row), type.type());
            case io.millrace.query.data.ObjectColumn objects -> json(objects.get(row), type);
        }
    }

    private void json(long value, SqlType type) {
        if (type == SqlType.BOOLEAN) {
            ascii(value != 0 ? "true" : "false");
        } else if (isTime(type)) {
            put('"');
            time(value, type);
            put('"');
        } else {
            number(value);
        }
    }

    static boolean isTime(SqlType type) {
        return switch (type) {
            case DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL_DAY, INTERVAL_MONTH -> true;
            case BOOLEAN,
                    SMALLINT,
                    INTEGER,
                    BIGINT,
                    DECIMAL,
                    REAL,
                    DOUBLE,
                    VARCHAR,
                    VARBINARY,
                    ARRAY,
                    MAP,
                    ROW,
                    JSON,
                    UUID,
                    NULL -> false;
        };
    }

    void time(long value, SqlType type) {
        reserve(TimeText.LENGTH_MAX);
        length = switch (type) {
            case DATE -> TimeText.writeDate(value, bytes, length);
            case TIME -> TimeText.writeTime(value, bytes, length);
            case TIMESTAMPTZ -> {
                int end = TimeText.writeTimestamp(value, 'T', bytes, length);
                bytes[end] = 'Z';
                yield end + 1;
            }
            case INTERVAL_DAY -> TimeText.writeDayInterval(value, bytes, length);
            case INTERVAL_MONTH -> TimeText.writeMonthInterval(value, bytes, length);
            default -> TimeText.writeTimestamp(value, ' ', bytes, length);
        };
    }

    private void json(double value, SqlType type) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            put('"');
            ascii(Double.toString(value));
            put('"');
        } else {
            number(value, type == SqlType.REAL);
        }
    }

    private void json(byte[] value, int start, int count, SqlType type) {
        switch (type) {
            case JSON -> raw(value, start, count);
            case VARBINARY -> {
                put('"');
                base64(value, start, count);
                put('"');
            }
            case UUID -> {
                put('"');
                uuid(value, start);
                put('"');
            }
            default -> jsonString(value, start, count);
        }
    }

    void base64(byte[] value, int start, int count) {
        byte[] encoded = Base64.getEncoder().encode(Arrays.copyOfRange(value, start, start + count));
        raw(encoded, 0, encoded.length);
    }

    void uuid(byte[] value, int start) {
        reserve(36);
        for (int i = 0; i < 16; i++) {
            if (i == 4 || i == 6 || i == 8 || i == 10) {
                bytes[length++] = '-';
            }
            bytes[length++] = HEX[value[start + i] >> 4 & 0xF];
            bytes[length++] = HEX[value[start + i] & 0xF];
        }
    }

    /// UTF-8 bytes as a JSON string with its quotes. Only `"`, `\` and control characters are escaped.
    public void jsonString(byte[] text, int start, int count) {
        reserve(count + 2);
        bytes[length++] = '"';
        int end = start + count;
        int plain = start;
        for (int i = start; i < end; i++) {
            byte c = text[i];
            if (c >= ' ' && c != '"' && c != '\\' || c < 0) {
                continue;
            }
            raw(text, plain, i - plain);
            plain = i + 1;
            switch (c) {
                case '"' -> ascii("\\\"");
                case '\\' -> ascii("\\\\");
                case '\n' -> ascii("\\n");
                case '\r' -> ascii("\\r");
                case '\t' -> ascii("\\t");
                case '\b' -> ascii("\\b");
                case '\f' -> ascii("\\f");
                default -> {
                    ascii("\\u00");
                    put((char) HEX[c >> 4]);
                    put((char) HEX[c & 0xF]);
                }
            }
        }
        raw(text, plain, end - plain);
        put('"');
    }

    public void jsonString(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        jsonString(utf8, 0, utf8.length);
    }

    /// A boxed value, as [io.millrace.query.data.Column#objectAt] gives it, as JSON.
    public void json(@Nullable Object value, ColumnType type) {
        if (value == null) {
            ascii("null");
            return;
        }
        switch (type.type().storage()) {
            case LONG -> json((long) (Long) value, type.type());
            case DOUBLE -> json((double) (Double) value, type.type());
            case BYTES -> {
                byte[] text = (byte[]) value;
                json(text, 0, text.length, type.type());
            }
            case OBJECT -> nested(value, type);
        }
    }

    private void nested(Object value, ColumnType type) {
        switch (value) {
            case BigDecimal decimal -> ascii(decimal.toPlainString());
            case List<?> list -> {
                put('[');
                String separator = "";
                for (Object element : list) {
                    ascii(separator);
                    json(element, elementOf(type));
                    separator = ",";
                }
                put(']');
            }
            case Map<?, ?> map -> {
                put('{');
                String separator = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    ascii(separator);
                    jsonString((String) entry.getKey());
                    put(':');
                    json(entry.getValue(), elementOf(type));
                    separator = ",";
                }
                put('}');
            }
            case Object[] fields -> {
                put('{');
                for (int i = 0; i < fields.length; i++) {
                    if (i > 0) {
                        put(',');
                    }
                    jsonString(type.fields().get(i).name());
                    put(':');
                    json(fields[i], type.fields().get(i).type());
                }
                put('}');
            }
            default -> throw new IllegalArgumentException(value.getClass() + " is no value of " + type);
        }
    }

    private static ColumnType elementOf(ColumnType type) {
        ColumnType element = type.element();
        if (element == null) {
            throw new IllegalArgumentException(type + " has no element type");
        }
        return element;
    }
}
