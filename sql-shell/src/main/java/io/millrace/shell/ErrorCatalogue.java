package io.millrace.shell;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What every error code means and what to do about it: the server's from `docs/errors.md`, which the build
/// copies into the jar, and the client's own. A heading that begins with a code begins its section.
public final class ErrorCatalogue {
    private static final Pattern HEADING = Pattern.compile("#{2,4} +`?([a-z][a-z0-9]*(?:_[a-z0-9]+)*)`?(?: .*)?");

    private final Map<String, String> sections;

    private ErrorCatalogue(Map<String, String> sections) {
        this.sections = sections;
    }

    public static ErrorCatalogue load() {
        Map<String, String> sections = new TreeMap<>();
        for (String resource : List.of("client-errors.md", "errors.md")) { // the server's words win
            try (InputStream in = ErrorCatalogue.class.getResourceAsStream(resource)) {
                if (in != null) {
                    parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), sections);
                }
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
        return new ErrorCatalogue(sections);
    }

    static void parse(String markdown, Map<String, String> into) {
        String code = "";
        StringBuilder text = new StringBuilder();
        for (String line : (markdown + "\n## -end").lines().toList()) {
            if (!line.startsWith("##")) {
                text.append(line).append('\n');
                continue;
            }
            if (!code.isEmpty()) {
                into.put(code, text.toString().strip());
            }
            Matcher heading = HEADING.matcher(line);
            code = heading.matches() ? heading.group(1) : "";
            text.setLength(0);
        }
    }

    /// The code as a heading and its text.
    public Optional<String> text(String code) {
        String key = code.strip().toLowerCase(Locale.ROOT);
        return Optional.ofNullable(sections.get(key)).map(text -> key + "\n\n" + text.replace("`", ""));
    }

    /// One line a code: its name and its first sentence.
    List<String> summaries() {
        List<String> lines = new ArrayList<>();
        sections.forEach((code, text) -> {
            int end = text.indexOf(". ");
            int line = text.indexOf('\n');
            int cut = Math.min(end < 0 ? text.length() : end + 1, line < 0 ? text.length() : line);
            lines.add(String.format("%-26s %s", code, text.substring(0, cut).replace("`", "")));
        });
        return lines;
    }

    /// Says that there is no such code, and which one may be meant.
    public String unknown(String code) {
        String nearest = "";
        int best = 4; // more than three changes is another word
        for (String known : sections.keySet()) {
            int distance = distance(known, code.toLowerCase(Locale.ROOT));
            if (distance < best) {
                best = distance;
                nearest = known;
            }
        }
        return "There is no error code '" + code + "'."
                + (nearest.isEmpty() ? "" : " Did you mean '" + nearest + "'?")
                + " `millrace explain` lists all of them.";
    }

    /// Levenshtein's distance.
    private static int distance(String left, String right) {
        int[] before = new int[right.length() + 1];
        for (int j = 0; j < before.length; j++) {
            before[j] = j;
        }
        for (int i = 1; i <= left.length(); i++) {
            int[] row = new int[before.length];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = before[j - 1] + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[right.length()];
    }
}
