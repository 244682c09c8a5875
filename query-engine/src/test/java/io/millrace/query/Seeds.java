package io.millrace.query;

import java.util.stream.LongStream;

/// Seeds of random tests. The same ones every time, so that a build says the same twice; `-Dmillrace.seed=7`
/// asks for one, and the profile `campaign` for fresh ones (`-Dmillrace.seed=fresh`).
public final class Seeds {
    private static final String WANTED = System.getProperty("millrace.seed", "");

    private Seeds() {}

    /// @param usual when nothing else is asked for
    public static long first(long usual) {
        return switch (WANTED) {
            case "" -> usual;
            case "fresh" -> System.nanoTime() & 0xffffff; // short enough to be typed
            default -> Long.parseLong(WANTED);
        };
    }

    /// `count` of them, or the one that is asked for.
    public static LongStream from(long usual, long count) {
        long first = first(usual);
        return LongStream.range(first, first + (isOne() ? 1 : count));
    }

    /// Whether a single one is asked for, so that it alone need not find everything.
    public static boolean isOne() {
        return !WANTED.isEmpty() && !WANTED.equals("fresh");
    }
}
