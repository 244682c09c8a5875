package io.millrace.client;

import java.time.Instant;

/// Where a tail begins.
public sealed interface TailStart {

    /// Only records that arrive from now on.
    record End() implements TailStart {}

    /// The earliest record there is.
    record Start() implements TailStart {}

    /// The last `count` records of each partition.
    record Last(long count) implements TailStart {
        public Last {
            if (count < 1) {
                throw new IllegalArgumentException("count must be at least 1: " + count);
            }
        }
    }

    /// The first record of each partition that is not older than `time`.
    record At(Instant time) implements TailStart {}

    /// The value of the `from` parameter.
    default String parameter() {
        return switch (this) {
            case End() -> "end";
            case Start() -> "start";
            case Last(long count) -> "-" + count;
            case At(Instant time) -> "@" + time;
        };
    }

    /// Reads what people type: `end`, `start`, `-10`, `@2026-01-01T00:00:00Z` or `@1750000000000`.
    ///
    /// @throws IllegalArgumentException when it is none of these
    static TailStart parse(String text) {
        if (text.equals("end") || text.equals("latest")) {
            return new End();
        }
        if (text.equals("start") || text.equals("beginning") || text.equals("earliest")) {
            return new Start();
        }
        try {
            if (text.startsWith("-")) {
                return new Last(Long.parseLong(text.substring(1)));
            }
            if (text.startsWith("@")) {
                String time = text.substring(1);
                return new At(
                        time.chars().allMatch(Character::isDigit)
                                ? Instant.ofEpochMilli(Long.parseLong(time))
                                : Instant.parse(time));
            }
        } catch (NumberFormatException | java.time.format.DateTimeParseException unreadable) {
            throw new IllegalArgumentException("cannot read '" + text + "' as a place to begin", unreadable);
        }
        throw new IllegalArgumentException(
                "expected start, end, -COUNT or @TIME (ISO or milliseconds) as the place to begin, not '" + text + "'");
    }
}
