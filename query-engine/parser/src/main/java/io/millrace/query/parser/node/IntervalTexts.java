package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.calcite.avatica.util.TimeUnit;
import org.apache.calcite.sql.SqlIntervalLiteral;
import org.apache.calcite.sql.SqlIntervalQualifier;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// PostgreSQL's interval text, `INTERVAL '1 hour 30 minutes'`, as a standard interval literal.
///
/// | text                | becomes                                     |
/// |---------------------|---------------------------------------------|
/// | `5 seconds`         | `INTERVAL '5' SECOND`                       |
/// | `1.5 s`             | `INTERVAL '1.500' SECOND`                   |
/// | `2 weeks`           | `INTERVAL '14' DAY`                         |
/// | `1 hour 30 minutes` | `INTERVAL '90' MINUTE`                      |
/// | `90 min 30 s`       | `INTERVAL '0 1:30:30' DAY TO SECOND`        |
/// | `1 year 2 months`   | `INTERVAL '1-2' YEAR TO MONTH`              |
///
/// Days and months cannot be mixed: SQL has no such interval.
public final class IntervalTexts {
    private static final Pattern LITERAL = Pattern.compile("(?is)INTERVAL\\s*'(.*)'");
    private static final Pattern PART = Pattern.compile("\\s*([+-]?)\\s*(\\d+(?:\\.\\d*)?|\\.\\d+)\\s*([a-z]+)");
    private static final BigDecimal MILLISECONDS_MAX = BigDecimal.valueOf(Long.MAX_VALUE / 1000);
    // Calcite's own limit for the leading field of an interval
    private static final int PRECISION_MAX = 10;

    private IntervalTexts() {}

    /// The image is the whole token, from INTERVAL to the closing quote.
    public static SqlIntervalLiteral parse(String image, SqlParserPos position) {
        Matcher literal = LITERAL.matcher(image);
        if (!literal.matches()) {
            throw new IllegalArgumentException("not an interval: " + image);
        }
        String text = literal.group(1).toLowerCase(Locale.ROOT);
        BigDecimal milliseconds = BigDecimal.ZERO;
        BigDecimal months = BigDecimal.ZERO;
        boolean inMilliseconds = false;
        boolean inMonths = false;
        Matcher part = PART.matcher(text);
        int end = 0;
        while (end < text.stripTrailing().length()) {
            if (!part.find(end) || part.start() != end) {
                throw refused(
                        position,
                        text,
                        "cannot be read from '" + text.substring(end).strip() + "' on");
            }
            BigDecimal amount = new BigDecimal(part.group(1) + part.group(2));
            TimeUnit unit = unit(part.group(3));
            if (unit == null) {
                throw refused(position, text, "has an unknown unit '" + part.group(3) + "'");
            }
            if (unit.yearMonth) {
                months = months.add(amount.multiply(unit.multiplier));
                inMonths = true;
            } else {
                milliseconds = milliseconds.add(amount.multiply(unit.multiplier));
                inMilliseconds = true;
            }
            end = part.end();
        }
        if (inMonths && inMilliseconds) {
            throw refused(position, text, "mixes months or years with days or less");
        }
        BigDecimal amount = inMonths ? months : milliseconds;
        if (amount.stripTrailingZeros().scale() > 0) {
            throw refused(position, text, inMonths ? "is not a whole number of months" : "is finer than a millisecond");
        }
        if (amount.abs().compareTo(MILLISECONDS_MAX) > 0) {
            throw refused(position, text, "is too long");
        }
        return inMonths
                ? ofMonths(amount.longValueExact(), position, text)
                : ofMilliseconds(amount.longValueExact(), position);
    }

    private static SqlIntervalLiteral ofMonths(long months, SqlParserPos position, String text) {
        long amount = Math.abs(months);
        if (amount / 12 > Integer.MAX_VALUE / 12) {
            throw refused(position, text, "is too long");
        }
        if (amount % 12 == 0) {
            return literal(months, Long.toString(amount / 12), TimeUnit.YEAR, null, position);
        }
        return amount < 12
                ? literal(months, Long.toString(amount), TimeUnit.MONTH, null, position)
                : literal(months, amount / 12 + "-" + amount % 12, TimeUnit.YEAR, TimeUnit.MONTH, position);
    }

    private static SqlIntervalLiteral ofMilliseconds(long milliseconds, SqlParserPos position) {
        long amount = Math.abs(milliseconds);
        for (TimeUnit unit : new TimeUnit[] {TimeUnit.DAY, TimeUnit.HOUR, TimeUnit.MINUTE}) {
            long unitMilliseconds = unit.multiplier.longValueExact();
            if (amount > 0 && amount % unitMilliseconds == 0) {
                return literal(milliseconds, Long.toString(amount / unitMilliseconds), unit, null, position);
            }
        }
        String seconds = amount % 1000 == 0
                ? Long.toString(amount / 1000)
                : amount / 1000 + String.format(Locale.ROOT, ".%03d", amount % 1000);
        if (amount < 60_000) {
            return literal(milliseconds, seconds, TimeUnit.SECOND, null, position);
        }
        String rest = String.format(
                Locale.ROOT,
                "%d %d:%02d:%02d",
                amount / 86_400_000,
                amount / 3_600_000 % 24,
                amount / 60_000 % 60,
                amount / 1000 % 60);
        String fraction = amount % 1000 == 0 ? "" : String.format(Locale.ROOT, ".%03d", amount % 1000);
        return literal(milliseconds, rest + fraction, TimeUnit.DAY, TimeUnit.SECOND, position);
    }

    private static SqlIntervalLiteral literal(
            long signed, String text, TimeUnit start, @Nullable TimeUnit end, SqlParserPos position) {
        int digits = text.split("[-. ]", 2)[0].length();
        if (digits > PRECISION_MAX) {
            throw refused(position, text, "is too long");
        }
        // the precision is written only where the default of two digits would not do
        int precision = digits > 2 ? digits : -1;
        SqlIntervalQualifier qualifier = new SqlIntervalQualifier(start, precision, end, -1, position);
        return SqlLiteral.createInterval(signed < 0 ? -1 : 1, text, qualifier, position);
    }

    private static @Nullable TimeUnit unit(String name) {
        return switch (name) {
            case "ms", "msec", "msecs", "millisecond", "milliseconds" -> TimeUnit.MILLISECOND;
            case "s", "sec", "secs", "second", "seconds" -> TimeUnit.SECOND;
            case "m", "min", "mins", "minute", "minutes" -> TimeUnit.MINUTE;
            case "h", "hr", "hrs", "hour", "hours" -> TimeUnit.HOUR;
            case "d", "day", "days" -> TimeUnit.DAY;
            case "w", "week", "weeks" -> TimeUnit.WEEK;
            case "mon", "mons", "month", "months" -> TimeUnit.MONTH;
            case "y", "yr", "yrs", "year", "years" -> TimeUnit.YEAR;
            default -> null;
        };
    }

    private static SqlSyntaxException refused(SqlParserPos position, String text, String problem) {
        return SqlSyntaxException.at(
                position,
                "Interval '" + text + "' " + problem,
                "For instance: INTERVAL '5 seconds', INTERVAL '1 hour 30 minutes' or INTERVAL '5' SECOND.");
    }
}
