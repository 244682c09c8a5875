package io.millrace.query.format;

/// Dates and times as text, in both directions, on bytes, without allocation.
///
/// Read: `2001-01-31`, `23:59:59[.fff]`, `2001-01-31 23:59:59[.fff]`, with `T` for the blank and with `Z`,
/// `+hh`, `+hhmm` or `+hh:mm` behind; seconds may be left out. Digits beyond milliseconds are cut off. Days are
/// checked against the calendar; years have four digits, `0001` to `9999`.
public final class TimeText {
    /// What the parsers return for text that is none of theirs. No parsed value is as small.
    public static final long INVALID = Long.MIN_VALUE;

    public static final long DAY_MS = 86_400_000L;

    private TimeText() {}

    /// Milliseconds since 1970-01-01T00:00:00 (UTC when the text has an offset), or [#INVALID]. A bare date is
    /// its midnight.
    public static long timestamp(byte[] text, int start, int length) {
        if (length < 10) {
            return INVALID;
        }
        long days = date(text, start, 10);
        if (days == INVALID || length == 10) {
            return days == INVALID ? INVALID : days * DAY_MS;
        }
        byte separator = text[start + 10];
        if (separator != ' ' && separator != 'T' && separator != 't') {
            return INVALID;
        }
        int at = start + 11;
        int end = start + length;
        int zone = end;
        for (int i = at; i < end; i++) {
            byte c = text[i];
            if (c == 'Z' || c == 'z' || c == '+' || c == '-') {
                zone = i;
                break;
            }
        }
        int zoneStart = zone;
        if (zone < end && zone > at && text[zone - 1] == ' ') {
            zoneStart--; // "00:00:00 +02:00"
        }
        long time = time(text, at, zoneStart - at);
        if (time == INVALID) {
            return INVALID;
        }
        long local = days * DAY_MS + time;
        if (zone == end) {
            return local;
        }
        long offset = offset(text, zone, end - zone);
        return offset == INVALID ? INVALID : local - offset;
    }

    /// Days since 1970-01-01, or [#INVALID].
    public static long date(byte[] text, int start, int length) {
        if (length != 10 || text[start + 4] != text[start + 7] || (text[start + 4] != '-' && text[start + 4] != '/')) {
            return INVALID;
        }
        int century = twoDigits(text, start);
        int yearOfCentury = twoDigits(text, start + 2);
        int month = twoDigits(text, start + 5);
        int day = twoDigits(text, start + 8);
        if ((century | yearOfCentury | month | day) < 0) {
            return INVALID;
        }
        int year = century * 100 + yearOfCentury;
        if (year == 0 || month == 0 || month > 12 || day == 0 || day > daysInMonth(year, month)) {
            return INVALID;
        }
        return daysFromCivil(year, month, day);
    }

    /// Milliseconds since midnight, or [#INVALID].
    public static long time(byte[] text, int start, int length) {
        if (length < 5 || text[start + 2] != ':') {
            return INVALID;
        }
        int hour = twoDigits(text, start);
        int minute = twoDigits(text, start + 3);
        int second = 0;
        int ms = 0;
        if (length > 5) {
            if (length < 8 || text[start + 5] != ':') {
                return INVALID;
            }
            second = twoDigits(text, start + 6);
            if (length > 8) {
                if (length == 9 || text[start + 8] != '.') {
                    return INVALID;
                }
                int weight = 100;
                for (int i = start + 9; i < start + length; i++) {
                    int digit = text[i] - '0';
                    if (digit < 0 || digit > 9) {
                        return INVALID;
                    }
                    ms += digit * weight;
                    weight /= 10;
                }
            }
        }
        if ((hour | minute | second) < 0 || hour > 23 || minute > 59 || second > 59) {
            return INVALID;
        }
        return ((hour * 60L + minute) * 60 + second) * 1000 + ms;
    }

    /// `Z`, `+02`, `+0200`, `+02:00` in milliseconds, or [#INVALID].
    private static long offset(byte[] text, int start, int length) {
        if (text[start] == 'Z' || text[start] == 'z') {
            return length == 1 ? 0 : INVALID;
        }
        int minuteAt = switch (length) {
            case 3 -> -1;
            case 5 -> start + 3;
            case 6 -> text[start + 3] == ':' ? start + 4 : -2;
            default -> -2;
        };
        if (minuteAt == -2) {
            return INVALID;
        }
        int hour = twoDigits(text, start + 1);
        int minute = minuteAt < 0 ? 0 : twoDigits(text, minuteAt);
        if ((hour | minute) < 0 || hour > 18 || minute > 59) {
            return INVALID;
        }
        long ms = (hour * 60L + minute) * 60_000;
        return text[start] == '-' ? -ms : ms;
    }

    private static int twoDigits(byte[] text, int at) {
        int high = text[at] - '0';
        int low = text[at + 1] - '0';
        return high < 0 || high > 9 || low < 0 || low > 9 ? -1 : high * 10 + low;
    }

    private static int daysInMonth(int year, int month) {
        return switch (month) {
            case 2 -> (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
            case 4, 6, 9, 11 -> 30;
            default -> 31;
        };
    }

    /// Howard Hinnant, "chrono-compatible low-level date algorithms": days since 1970-01-01.
    static long daysFromCivil(int year, int month, int day) {
        int y = month <= 2 ? year - 1 : year;
        int era = Math.floorDiv(y, 400);
        int yearOfEra = y - era * 400;
        int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
        return era * 146_097L + dayOfEra - 719_468;
    }

    /// Bytes that the writers below need at most.
    public static final int LENGTH_MAX = 40;

    /// Writes `2001-01-31`; years beyond four digits as they are, with a sign when negative.
    ///
    /// @return where it ends
    public static int writeDate(long days, byte[] into, int at) {
        long z = days + 719_468;
        long era = Math.floorDiv(z, 146_097L);
        int dayOfEra = (int) (z - era * 146_097);
        int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int monthFromMarch = (5 * dayOfYear + 2) / 153;
        int day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
        int month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        long year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
        int end = at;
        if (year < 0) {
            into[end++] = '-';
            year = -year;
        }
        if (year > 9999) {
            byte[] digits = Long.toString(year).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            System.arraycopy(digits, 0, into, end, digits.length);
            end += digits.length;
        } else {
            end = writeTwo((int) year / 100, into, end);
            end = writeTwo((int) year % 100, into, end);
        }
        into[end++] = '-';
        end = writeTwo(month, into, end);
        into[end++] = '-';
        return writeTwo(day, into, end);
    }

    /// Writes `23:59:59`, and `.123` when there are milliseconds.
    public static int writeTime(long msOfDay, byte[] into, int at) {
        int seconds = (int) (msOfDay / 1000);
        int ms = (int) (msOfDay % 1000);
        int end = writeTwo(seconds / 3600, into, at);
        into[end++] = ':';
        end = writeTwo(seconds / 60 % 60, into, end);
        into[end++] = ':';
        end = writeTwo(seconds % 60, into, end);
        if (ms != 0) {
            into[end++] = '.';
            into[end++] = (byte) ('0' + ms / 100);
            end = writeTwo(ms % 100, into, end);
        }
        return end;
    }

    /// Writes `2001-01-31 23:59:59`.
    public static int writeTimestamp(long ms, char separator, byte[] into, int at) {
        int end = writeDate(Math.floorDiv(ms, DAY_MS), into, at);
        into[end++] = (byte) separator;
        return writeTime(Math.floorMod(ms, DAY_MS), into, end);
    }

    /// Writes a day-time interval as `[-]days hh:mm:ss[.fff]`.
    public static int writeDayInterval(long ms, byte[] into, int at) {
        int end = at;
        if (ms < 0) {
            into[end++] = '-';
        }
        long days = Math.abs(ms / DAY_MS);
        byte[] digits = Long.toString(days).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        System.arraycopy(digits, 0, into, end, digits.length);
        end += digits.length;
        into[end++] = ' ';
        return writeTime(Math.abs(ms % DAY_MS), into, end);
    }

    /// Writes a year-month interval as `[-]years-mm`.
    public static int writeMonthInterval(long months, byte[] into, int at) {
        int end = at;
        if (months < 0) {
            into[end++] = '-';
        }
        byte[] digits = Long.toString(Math.abs(months / 12)).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        System.arraycopy(digits, 0, into, end, digits.length);
        end += digits.length;
        into[end++] = '-';
        return writeTwo((int) Math.abs(months % 12), into, end);
    }

    /// Reads what [#writeDayInterval] writes, or [#INVALID].
    public static long dayInterval(byte[] text, int start, int length) {
        int end = start + length;
        int at = start;
        boolean negative = at < end && text[at] == '-';
        at += negative ? 1 : 0;
        int digits = 0;
        long days = 0;
        while (at < end && text[at] >= '0' && text[at] <= '9' && digits < 9) {
            days = days * 10 + text[at++] - '0';
            digits++;
        }
        if (digits == 0 || at >= end || text[at] != ' ') {
            return INVALID;
        }
        long time = time(text, at + 1, end - at - 1);
        if (time == INVALID) {
            return INVALID;
        }
        long ms = days * DAY_MS + time;
        return negative ? -ms : ms;
    }

    /// Reads what [#writeMonthInterval] writes, or [#INVALID].
    public static long monthInterval(byte[] text, int start, int length) {
        int end = start + length;
        int at = start;
        boolean negative = at < end && text[at] == '-';
        at += negative ? 1 : 0;
        int digits = 0;
        long years = 0;
        while (at < end && text[at] >= '0' && text[at] <= '9' && digits < 9) {
            years = years * 10 + text[at++] - '0';
            digits++;
        }
        if (digits == 0 || at + 3 != end || text[at] != '-') {
            return INVALID;
        }
        int month = twoDigits(text, at + 1);
        if (month < 0 || month > 11) {
            return INVALID;
        }
        long months = years * 12 + month;
        return negative ? -months : months;
    }

    private static int writeTwo(int value, byte[] into, int at) {
        into[at] = (byte) ('0' + value / 10);
        into[at + 1] = (byte) ('0' + value % 10);
        return at + 2;
    }
}
