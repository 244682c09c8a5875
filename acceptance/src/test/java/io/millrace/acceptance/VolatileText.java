package io.millrace.acceptance;

import java.util.List;
import java.util.regex.Pattern;

/// What differs from run to run in outputs that documents show. Everything else must be equal word for word.
final class VolatileText {
    private record Blot(Pattern pattern, String replacement) {
        private Blot(String pattern, String replacement) {
            this(Pattern.compile(pattern), replacement);
        }
    }

    private static final List<Blot> BLOTS = List.of(
            new Blot("\"request_id\":\"[^\"]+\"", "\"request_id\":\"*\""),
            new Blot("· request [\\w-]+\\)", "· request *)"), // the same in the shell
            new Blot("\"(term|committed_index|applied_index)\":\\d+", "\"$1\":*"),
            new Blot("\"timestamp_ms\":\\d+", "\"timestamp_ms\":*"),
            new Blot("\"elapsed_ms\":[\\d.]+", "\"elapsed_ms\":*"),
            new Blot("\"batch_id\":[1-9]\\d*", "\"batch_id\":*"), // an index of the Raft log
            new Blot("\"bytes\":[1-9]\\d*", "\"bytes\":*"),
            new Blot("\"(\\w+_us)\":\\d+", "\"$1\":*"), // timing=1
            new Blot("\\b\\d[\\d,.]* (ms|s)\\b", "* $1"),
            new Blot("\\b\\d[\\d,.]*/s\\b", "*/s"),
            new Blot("127\\.0\\.0\\.1:(?!1109\\b)\\d+", "127.0.0.1:*"), // a free port
            new Blot("/\\S*/millrace-demo-\\w+", "*/millrace-demo-*"), // a temporary folder
            new Blot("\\bmillrace-demo-\\d+", "millrace-demo-*"));

    private VolatileText() {}

    static String blot(String line) {
        String result = line.stripTrailing();
        for (Blot blot : BLOTS) {
            result = blot.pattern.matcher(result).replaceAll(blot.replacement);
        }
        return result;
    }
}
