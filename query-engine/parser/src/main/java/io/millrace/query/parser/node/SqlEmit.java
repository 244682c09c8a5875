package io.millrace.query.parser.node;

import io.millrace.query.parser.SqlSyntaxException;
import java.time.Duration;
import java.util.List;
import org.apache.calcite.sql.SqlIntervalLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlWriter;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.jspecify.annotations.Nullable;

/// `EMIT CHANGES | FINAL | EVERY interval | AFTER DELAY interval`, in any combination but CHANGES with FINAL.
public final class SqlEmit extends SqlFragment {
    private final boolean changes;
    private final boolean finalOnly;
    private final @Nullable SqlIntervalLiteral every;
    private final @Nullable SqlIntervalLiteral delay;

    private SqlEmit(
            SqlParserPos position,
            boolean changes,
            boolean finalOnly,
            @Nullable SqlIntervalLiteral every,
            @Nullable SqlIntervalLiteral delay) {
        super(position, "EMIT");
        this.changes = changes;
        this.finalOnly = finalOnly;
        this.every = every;
        this.delay = delay;
    }

    /// What `SELECT STREAM` means.
    static SqlEmit changesAt(SqlParserPos position) {
        return new SqlEmit(position, true, false, null, null);
    }

    SqlEmit withChanges() {
        return new SqlEmit(getParserPosition(), true, finalOnly, every, delay);
    }

    /// `CHANGES` was written, or the query began with `SELECT STREAM`.
    public boolean changes() {
        return changes;
    }

    /// `FINAL` was written: a window once, when the watermark passes.
    public boolean finalOnly() {
        return finalOnly;
    }

    /// `EVERY interval`: at most once in that time.
    public @Nullable Duration every() {
        return duration(every);
    }

    /// `AFTER DELAY interval`: not before that time has passed.
    public @Nullable Duration delay() {
        return duration(delay);
    }

    private static @Nullable Duration duration(@Nullable SqlIntervalLiteral interval) {
        return interval == null ? null : Duration.ofMillis(milliseconds(interval));
    }

    private static long milliseconds(SqlIntervalLiteral interval) {
        Long milliseconds = interval.getValueAs(Long.class);
        if (milliseconds == null) {
            throw new IllegalArgumentException("an interval without a value: " + interval);
        }
        return milliseconds;
    }

    @Override
    public List<SqlNode> getOperandList() {
        if (every != null && delay != null) {
            return List.of(every, delay);
        }
        return every != null ? List.of(every) : delay != null ? List.of(delay) : List.of();
    }

    @Override
    public void unparse(SqlWriter writer, int leftPrec, int rightPrec) {
        writer.keyword("EMIT");
        if (changes) {
            writer.keyword("CHANGES");
        }
        if (finalOnly) {
            writer.keyword("FINAL");
        }
        if (every != null) {
            writer.keyword("EVERY");
            every.unparse(writer, 0, 0);
        }
        if (delay != null) {
            writer.keyword("AFTER DELAY");
            delay.unparse(writer, 0, 0);
        }
    }

    /// Takes the parts as they are read and refuses those that contradict an earlier one.
    public static final class Builder {
        private final SqlParserPos start;
        private boolean changes;
        private boolean finalOnly;
        private @Nullable SqlIntervalLiteral every;
        private @Nullable SqlIntervalLiteral delay;

        public Builder(SqlParserPos start) {
            this.start = start;
        }

        public void changes(SqlParserPos position) {
            refuseTwice(position, "CHANGES", changes);
            refuseBoth(position, finalOnly);
            changes = true;
        }

        public void finalOnly(SqlParserPos position) {
            refuseTwice(position, "FINAL", finalOnly);
            refuseBoth(position, changes);
            finalOnly = true;
        }

        public void every(SqlIntervalLiteral interval) {
            refuseTwice(interval.getParserPosition(), "EVERY", every != null);
            every = positive("EVERY", interval, 1);
        }

        public void delay(SqlIntervalLiteral interval) {
            refuseTwice(interval.getParserPosition(), "AFTER DELAY", delay != null);
            delay = positive("AFTER DELAY", interval, 0);
        }

        public SqlEmit build(SqlParserPos end) {
            return new SqlEmit(start.plus(end), changes, finalOnly, every, delay);
        }

        private static void refuseTwice(SqlParserPos position, String part, boolean seen) {
            if (seen) {
                throw SqlSyntaxException.at(position, "EMIT says " + part + " twice", null);
            }
        }

        private static void refuseBoth(SqlParserPos position, boolean other) {
            if (other) {
                throw SqlSyntaxException.at(
                        position,
                        "EMIT says both CHANGES and FINAL",
                        "CHANGES sends every change at once, FINAL sends a window once when it is complete. Keep one of them.");
            }
        }

        private static SqlIntervalLiteral positive(String part, SqlIntervalLiteral interval, long millisecondsMin) {
            refuseMonths(part, interval);
            if (milliseconds(interval) < millisecondsMin) {
                throw SqlSyntaxException.at(
                        interval.getParserPosition(),
                        "EMIT " + part + " needs "
                                + (millisecondsMin == 0
                                        ? "an interval that is not negative"
                                        : "an interval of at least a millisecond")
                                + ", found " + interval,
                        null);
            }
            return interval;
        }

        private static void refuseMonths(String part, SqlIntervalLiteral interval) {
            SqlIntervalLiteral.IntervalValue value = interval.getValueAs(SqlIntervalLiteral.IntervalValue.class);
            if (value != null && value.getIntervalQualifier().isYearMonth()) {
                throw SqlSyntaxException.at(
                        interval.getParserPosition(),
                        "EMIT " + part + " needs an interval of days or less, found " + interval,
                        "Months differ in length: say it in days.");
            }
        }
    }
}
