package io.millrace.query.format;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/// Numbers of JSON's grammar as bytes.
public final class NumberText {
    private static final double[] POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22
    };

    private NumberText() {}

    /// The value of a checked number. Exact when at most 15 digits and a power of ten up to 22 are involved
    /// (Clinger, "How to read floating point numbers accurately", 1990); the rest goes to the JDK.
    public static double toDouble(byte[] text, int start, int length) {
        int i = start;
        int end = start + length;
        boolean negative = text[i] == '-';
        if (negative) {
            i++;
        }
        long mantissa = 0;
        int digits = 0;
        int exponent = 0;
        boolean point = false;
        for (; i < end; i++) {
            byte c = text[i];
            if (c == '.') {
                point = true;
                continue;
            }
            int digit = c - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            if (digits > 0 || digit != 0) {
                digits++;
            }
            if (digits > 18) {
                return slow(text, start, length);
            }
            mantissa = mantissa * 10 + digit;
            if (point) {
                exponent--;
            }
        }
        if (i < end) { // e
            i++;
            boolean negativeExponent = i < end && text[i] == '-';
            if (i < end && (text[i] == '-' || text[i] == '+')) {
                i++;
            }
            int written = 0;
            for (; i < end; i++) {
                if (written > 9_999) {
                    return slow(text, start, length);
                }
                written = written * 10 + text[i] - '0';
            }
            exponent += negativeExponent ? -written : written;
        }
        if (mantissa > 1L << 53 || exponent < -22 || exponent > 22) {
            return slow(text, start, length);
        }
        double value = exponent < 0 ? mantissa / POWERS[-exponent] : mantissa * POWERS[exponent];
        return negative ? -value : value;
    }

    private static double slow(byte[] text, int start, int length) {
        return Double.parseDouble(new String(text, start, length, StandardCharsets.ISO_8859_1));
    }

    /// The value of a checked number, null when its exponent is absurd.
    public static @org.jspecify.annotations.Nullable BigDecimal toDecimal(byte[] text, int start, int length) {
        if (length > 1_000) {
            return null; // no column holds so many digits; keeps quadratic work away
        }
        try {
            return new BigDecimal(new String(text, start, length, StandardCharsets.ISO_8859_1));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /// Whether text follows JSON's grammar of numbers, all of it.
    public static boolean isNumber(byte[] text, int start, int length) {
        return length > 0 && Json.skipNumber(text, start, start + length) == start + length;
    }
}
