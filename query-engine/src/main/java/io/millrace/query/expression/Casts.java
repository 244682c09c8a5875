package io.millrace.query.expression;

import io.millrace.query.format.TimeText;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.UUID;

/// Conversions between SQL types, as PostgreSQL makes them: text is trimmed, numbers are rounded half away from
/// zero, what does not fit fails.
///
/// Public because generated classes live in another class loader; not for use elsewhere.
public final class Casts {
    private static final double LONG_RANGE = 0x1p63;

    private Casts() {}

    // from text

    public static long textToLong(byte[] bytes, int start, int length, String type, long least, long greatest) {
        int at = start;
        int end = start + length;
        while (at < end && blank(bytes[at])) {
            at++;
        }
        while (end > at && blank(bytes[end - 1])) {
            end--;
        }
        int digitsAt = at < end && (bytes[at] == '-' || bytes[at] == '+') ? at + 1 : at;
        boolean negative = at < end && bytes[at] == '-';
        if (digitsAt >= end) {
            throw RowFailure.badCast(Functions.text(bytes, start, length), type);
        }
        long value = 0; // negative all along, for Long.MIN_VALUE
        for (int i = digitsAt; i < end; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9) {
                throw RowFailure.badCast(Functions.text(bytes, start, length), type);
            }
            if (value < Long.MIN_VALUE / 10 || value * 10 < Long.MIN_VALUE + digit) {
                throw RowFailure.outOfRange(type);
            }
            value = value * 10 - digit;
        }
        if (!negative) {
            if (value == Long.MIN_VALUE) {
                throw RowFailure.outOfRange(type);
            }
            value = -value;
        }
        if (value < least || value > greatest) {
            throw RowFailure.outOfRange(type);
        }
        return value;
    }

    public static double textToDouble(String text) {
        String trimmed = text.strip();
        String lower = trimmed.toLowerCase(Locale.ROOT);
        switch (lower) {
            case "nan" -> {
                return Double.NaN;
            }
            case "infinity", "inf", "+infinity", "+inf" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-infinity", "-inf" -> {
                return Double.NEGATIVE_INFINITY;
            }
            default -> {
                // what Java alone understands (1d, 0x1p3) is not SQL
                if (!trimmed.isEmpty() && plainNumber(trimmed)) {
                    try {
                        double value = Double.parseDouble(trimmed);
                        if (Double.isInfinite(value)) {
                            throw RowFailure.outOfRange("DOUBLE");
                        }
                        return value;
                    } catch (NumberFormatException e) {
                        throw RowFailure.badCast(text, "DOUBLE");
                    }
                }
                throw RowFailure.badCast(text, "DOUBLE");
            }
        }
    }

    private static boolean plainNumber(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') {
                return false;
            }
        }
        return true;
    }

    public static BigDecimal textToDecimal(String text, int precision, int scale) {
        String trimmed = text.strip();
        if (!plainNumber(trimmed)) {
            throw RowFailure.badCast(text, "DECIMAL");
        }
        BigDecimal value;
        try {
            value = new BigDecimal(trimmed);
        } catch (NumberFormatException e) {
            throw RowFailure.badCast(text, "DECIMAL");
        }
        // keeps '1e999999999' from being written out in digits
        if (value.signum() != 0 && (long) value.precision() - value.scale() > precision - scale + 1L) {
            throw RowFailure.outOfRange("DECIMAL(" + precision + "," + scale + ")");
        }
        if (value.signum() == 0 || (long) value.scale() > value.precision() + scale + 1L) {
            return BigDecimal.ZERO.setScale(scale);
        }
        return Functions.fit(value, precision, scale);
    }

    public static boolean textToBoolean(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "t", "true", "y", "yes", "on", "1" -> true;
            case "f", "false", "n", "no", "off", "0" -> false;
            default -> throw RowFailure.badCast(text, "BOOLEAN");
        };
    }

    public static long textToDate(String text) {
        byte[] bytes = text.strip().getBytes(StandardCharsets.UTF_8);
        long days = TimeText.date(bytes, 0, bytes.length);
        if (days == TimeText.INVALID) {
            long ms = TimeText.timestamp(bytes, 0, bytes.length);
            if (ms == TimeText.INVALID) {
                throw RowFailure.badCast(text, "DATE");
            }
            days = Functions.dateOf(ms);
        }
        return days;
    }

    public static long textToTime(String text) {
        byte[] bytes = text.strip().getBytes(StandardCharsets.UTF_8);
        long ms = TimeText.time(bytes, 0, bytes.length);
        if (ms == TimeText.INVALID) {
            throw RowFailure.badCast(text, "TIME");
        }
        return ms;
    }

    public static long textToTimestamp(String text) {
        byte[] bytes = text.strip().getBytes(StandardCharsets.UTF_8);
        long ms = TimeText.timestamp(bytes, 0, bytes.length);
        if (ms == TimeText.INVALID) {
            throw RowFailure.badCast(text, "TIMESTAMP");
        }
        return ms;
    }

    public static byte[] textToUuid(String text) {
        String trimmed = text.strip();
        if (trimmed.length() != 36) {
            throw RowFailure.badCast(text, "UUID");
        }
        try {
            return uuidBytes(UUID.fromString(trimmed));
        } catch (IllegalArgumentException e) {
            throw RowFailure.badCast(text, "UUID");
        }
    }

    // to text

    public static String booleanToText(boolean value) {
        return value ? "true" : "false";
    }

    public static String realToText(double value) {
        return Float.toString((float) value);
    }

    public static String decimalToText(BigDecimal value) {
        return value.toPlainString();
    }

    public static String dateToText(long days) {
        byte[] into = new byte[TimeText.LENGTH_MAX];
        return latin(into, TimeText.writeDate(days, into, 0));
    }

    public static String timeToText(long ms) {
        byte[] into = new byte[TimeText.LENGTH_MAX];
        return latin(into, TimeText.writeTime(ms, into, 0));
    }

    public static String timestampToText(long ms) {
        byte[] into = new byte[TimeText.LENGTH_MAX];
        return latin(into, TimeText.writeTimestamp(ms, ' ', into, 0));
    }

    /// ISO 8601 with `Z`.
    public static String instantToText(long ms) {
        byte[] into = new byte[TimeText.LENGTH_MAX];
        int end = TimeText.writeTimestamp(ms, 'T', into, 0);
        into[end] = 'Z';
        return latin(into, end + 1);
    }

    public static String uuidToText(byte[] bytes, int start) {
        return uuid(bytes, start).toString();
    }

    private static String latin(byte[] bytes, int length) {
        return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    }

    /// VARCHAR(length) cuts, CHAR(length) also pads.
    public static String toLength(String text, int length, boolean pad) {
        int characters = text.codePointCount(0, text.length());
        if (characters > length) {
            return text.substring(0, text.offsetByCodePoints(0, length));
        }
        return pad && characters < length ? text + " ".repeat(length - characters) : text;
    }

    // between numbers

    /// Half away from zero.
    public static long doubleToLong(double value, String type, long least, long greatest) {
        if (Double.isNaN(value) || value >= LONG_RANGE || value < -LONG_RANGE) {
            throw RowFailure.outOfRange(type);
        }
        long whole = (long) value;
        double rest = value - whole;
        if (rest >= 0.5) {
            whole++;
        } else if (rest <= -0.5) {
            whole--;
        }
        if (whole < least || whole > greatest) {
            throw RowFailure.outOfRange(type);
        }
        return whole;
    }

    public static long decimalToLong(BigDecimal value, String type, long least, long greatest) {
        BigDecimal rounded = value.setScale(0, RoundingMode.HALF_UP);
        if (rounded.precision() > 19) {
            throw RowFailure.outOfRange(type);
        }
        long whole;
        try {
            whole = rounded.longValueExact();
        } catch (ArithmeticException e) {
            throw RowFailure.outOfRange(type);
        }
        if (whole < least || whole > greatest) {
            throw RowFailure.outOfRange(type);
        }
        return whole;
    }

    public static long longToLong(long value, String type, long least, long greatest) {
        if (value < least || value > greatest) {
            throw RowFailure.outOfRange(type);
        }
        return value;
    }

    public static double toReal(double value) {
        float real = (float) value;
        if (Float.isInfinite(real) && !Double.isInfinite(value)) {
            throw RowFailure.outOfRange("REAL");
        }
        return real;
    }

    public static BigDecimal doubleToDecimal(double value, int precision, int scale) {
        return Functions.fit(Functions.decimal(value), precision, scale);
    }

    public static BigDecimal longToDecimal(long value, int precision, int scale) {
        return Functions.fit(BigDecimal.valueOf(value), precision, scale);
    }

    // UUID

    public static byte[] uuidBytes(UUID uuid) {
        return java.nio.ByteBuffer.allocate(16)
                .putLong(uuid.getMostSignificantBits())
                .putLong(uuid.getLeastSignificantBits())
                .array();
    }

    public static UUID uuid(byte[] bytes, int start) {
        java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(start), buffer.getLong(start + 8));
    }

    private static boolean blank(byte c) {
        return c == ' ' || (c >= 9 && c <= 13);
    }
}
