package io.millrace.query.expression;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What generated code calls: arithmetic that fails instead of wrapping, comparisons on bytes, time arithmetic.
///
/// Public because generated classes live in another class loader; not for use elsewhere.
public final class Functions {
    static final long DAY_MS = 86_400_000L;

    private Functions() {}

    // whole numbers

    public static long toInteger(long value) {
        if (value != (int) value) {
            throw RowFailure.outOfRange("INTEGER");
        }
        return value;
    }

    public static long toSmallint(long value) {
        if (value != (short) value) {
            throw RowFailure.outOfRange("SMALLINT");
        }
        return value;
    }

    public static long add(long left, long right) {
        long sum = left + right;
        if (((left ^ sum) & (right ^ sum)) < 0) {
            throw RowFailure.outOfRange("BIGINT");
        }
        return sum;
    }

    public static long subtract(long left, long right) {
        long difference = left - right;
        if (((left ^ right) & (left ^ difference)) < 0) {
            throw RowFailure.outOfRange("BIGINT");
        }
        return difference;
    }

    public static long multiply(long left, long right) {
        long high = Math.multiplyHigh(left, right);
        long low = left * right;
        if (high != low >> 63) {
            throw RowFailure.outOfRange("BIGINT");
        }
        return low;
    }

    /// Truncates towards zero.
    public static long divide(long left, long right) {
        if (right == 0) {
            throw RowFailure.divisionByZero();
        }
        if (right == -1 && left == Long.MIN_VALUE) {
            throw RowFailure.outOfRange("BIGINT");
        }
        return left / right;
    }

    public static long remainder(long left, long right) {
        if (right == 0) {
            throw RowFailure.divisionByZero();
        }
        return left % right;
    }

    public static long negate(long value) {
        if (value == Long.MIN_VALUE) {
            throw RowFailure.outOfRange("BIGINT");
        }
        return -value;
    }

    public static long absolute(long value) {
        return value < 0 ? negate(value) : value;
    }

    // doubles; as in PostgreSQL, NaN equals NaN and is larger than everything else

    public static double divide(double left, double right) {
        if (right == 0) {
            throw RowFailure.divisionByZero();
        }
        return left / right;
    }

    public static double remainder(double left, double right) {
        if (right == 0) {
            throw RowFailure.divisionByZero();
        }
        return left % right;
    }

    public static boolean same(double left, double right) {
        return left == right || (Double.isNaN(left) && Double.isNaN(right));
    }

    public static boolean less(double left, double right) {
        return left < right || (Double.isNaN(right) && !Double.isNaN(left));
    }

    // decimals

    /// Rounds half up to the scale of a type and checks its precision.
    public static BigDecimal fit(BigDecimal value, int precision, int scale) {
        BigDecimal rounded = value.scale() == scale ? value : value.setScale(scale, RoundingMode.HALF_UP);
        if (rounded.precision() > precision && rounded.signum() != 0) {
            throw RowFailure.outOfRange("DECIMAL(" + precision + "," + scale + ")");
        }
        return rounded;
    }

    public static BigDecimal divide(BigDecimal left, BigDecimal right, int scale) {
        if (right.signum() == 0) {
            throw RowFailure.divisionByZero();
        }
        return left.divide(right, scale, RoundingMode.HALF_UP);
    }

    public static BigDecimal remainder(BigDecimal left, BigDecimal right) {
        if (right.signum() == 0) {
            throw RowFailure.divisionByZero();
        }
        return left.remainder(right);
    }

    public static BigDecimal decimal(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw RowFailure.badCast(Double.toString(value), "DECIMAL");
        }
        return BigDecimal.valueOf(value);
    }

    // text and binary

    public static boolean same(
            byte[] left, int leftStart, int leftLength, byte[] right, int rightStart, int rightLength) {
        return leftLength == rightLength
                && Arrays.equals(left, leftStart, leftStart + leftLength, right, rightStart, rightStart + rightLength);
    }

    public static int compare(
            byte[] left, int leftStart, int leftLength, byte[] right, int rightStart, int rightLength) {
        return Arrays.compareUnsigned(
                left, leftStart, leftStart + leftLength, right, rightStart, rightStart + rightLength);
    }

    /// By code points, as comparing the UTF-8 bytes does.
    public static int compare(String left, String right) {
        int common = Math.min(left.length(), right.length());
        for (int i = 0; i < common; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                boolean aSurrogate = Character.isSurrogate(a);
                return aSurrogate == Character.isSurrogate(b) ? Character.compare(a, b) : aSurrogate ? 1 : -1;
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    public static String text(byte[] bytes, int start, int length) {
        return new String(bytes, start, length, StandardCharsets.UTF_8);
    }

    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    public static byte[] copy(byte[] bytes, int start, int length) {
        return Arrays.copyOfRange(bytes, start, start + length);
    }

    /// Characters (code points) in a run of UTF-8.
    public static long characterCount(byte[] bytes, int start, int length) {
        int count = 0;
        for (int i = start; i < start + length; i++) {
            count += (bytes[i] & 0xC0) == 0x80 ? 0 : 1;
        }
        return count;
    }

    /// Characters `from` (counted from 1) to `from + count`, excluded; positions outside the text are empty.
    public static byte[] substring(byte[] bytes, int start, int length, long from, long count) {
        if (count < 0) {
            throw new RowFailure("negative substring length not allowed");
        }
        long first = Math.max(from, 1);
        long last = from > Long.MAX_VALUE - count ? Long.MAX_VALUE : from + count; // excluded
        int end = start + length;
        int at = start;
        long character = 1;
        while (at < end && character < first) {
            at = nextCharacter(bytes, at, end);
            character++;
        }
        int to = at;
        while (to < end && character < last) {
            to = nextCharacter(bytes, to, end);
            character++;
        }
        return Arrays.copyOfRange(bytes, at, to);
    }

    /// The first `count` characters; with a negative count all but the last `-count`.
    public static byte[] left(byte[] bytes, int start, int length, long count) {
        long wanted = count >= 0 ? count : Math.max(0, characterCount(bytes, start, length) + count);
        return substring(bytes, start, length, 1, wanted);
    }

    /// The last `count` characters; with a negative count all but the first `-count`.
    public static byte[] right(byte[] bytes, int start, int length, long count) {
        long characters = characterCount(bytes, start, length);
        long skipped = count >= 0 ? Math.max(0, characters - count) : Math.min(characters, -count);
        return substring(bytes, start, length, skipped + 1, characters);
    }

    private static int nextCharacter(byte[] bytes, int at, int end) {
        int next = at + 1;
        while (next < end && (bytes[next] & 0xC0) == 0x80) {
            next++;
        }
        return next;
    }

    // time

    public static long windowStart(long time, long size, long offset) {
        return Math.floorDiv(time - offset, size) * size + offset;
    }

    public static long dateOf(long timestampMs) {
        return Math.floorDiv(timestampMs, DAY_MS);
    }

    public static long timeOf(long timestampMs) {
        return Math.floorMod(timestampMs, DAY_MS);
    }

    public static long addMonthsToDate(long days, long months) {
        try {
            return java.time.LocalDate.ofEpochDay(days).plusMonths(months).toEpochDay();
        } catch (java.time.DateTimeException e) {
            throw RowFailure.outOfRange("DATE");
        }
    }

    public static long addMonthsToTimestamp(long ms, long months) {
        return add(multiply(addMonthsToDate(dateOf(ms), months), DAY_MS), timeOf(ms));
    }

    /// Whole months from `right` to `left`, towards zero.
    public static long monthsBetweenDates(long left, long right) {
        return java.time.temporal.ChronoUnit.MONTHS.between(
                java.time.LocalDate.ofEpochDay(right), java.time.LocalDate.ofEpochDay(left));
    }

    public static long monthsBetweenTimestamps(long left, long right) {
        return java.time.temporal.ChronoUnit.MONTHS.between(dateTime(right), dateTime(left));
    }

    static java.time.LocalDateTime dateTime(long ms) {
        return java.time.LocalDateTime.ofEpochSecond(
                Math.floorDiv(ms, 1000L), (int) Math.floorMod(ms, 1000L) * 1_000_000, java.time.ZoneOffset.UTC);
    }

    /// Start of the year, quarter or month that a day lies in.
    public static long floorDate(long days, int months) {
        java.time.LocalDate date = java.time.LocalDate.ofEpochDay(days);
        long month = Math.floorDiv(date.getYear() * 12L + date.getMonthValue() - 1, months) * (long) months;
        return java.time.LocalDate.of((int) Math.floorDiv(month, 12L), (int) Math.floorMod(month, 12L) + 1, 1)
                .toEpochDay();
    }

    /// Monday of the week that a day lies in.
    public static long floorWeek(long days) {
        return days - Math.floorMod(days + 3, 7L);
    }

    public static byte[] concat(
            byte[] left, int leftStart, int leftLength, byte[] right, int rightStart, int rightLength) {
        byte[] both = new byte[Math.addExact(leftLength, rightLength)];
        System.arraycopy(left, leftStart, both, 0, leftLength);
        System.arraycopy(right, rightStart, both, leftLength, rightLength);
        return both;
    }

    // objects

    /// Element of an array, from 1; null outside.
    public static @Nullable Object element(Object array, long index) {
        java.util.List<?> list = (java.util.List<?>) array;
        return index < 1 || index > list.size() ? null : list.get((int) index - 1);
    }

    public static @Nullable Object entry(Object map, String key) {
        return ((java.util.Map<?, ?>) map).get(key);
    }

    public static int compareObjects(@Nullable Object left, @Nullable Object right) {
        return io.millrace.query.data.ObjectColumn.compareObjects(left, right);
    }
}
