package io.millrace.shell;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What every error code means and what to do about it, from the resource `errors.md`: a section a code.
public final class ErrorCatalogue {
    private final Map<String, String> sections;

    private ErrorCatalogue(Map<String, String> sections) {
        this.sections = sections;
    }

    public static ErrorCatalogue load() {
        try (InputStream in = ErrorCatalogue.class.getResourceAsStream("errors.md")) {
            if (in == null) {
                throw new IllegalStateException("the resource errors.md is missing from the jar");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static ErrorCatalogue parse(String markdown) {
        Map<String, String> sections = new LinkedHashMap<>();
        for (String section : ("\n" + markdown).split("\n## ")) {
            int lineEnd = section.indexOf('\n');
            if (lineEnd > 0 && !section.startsWith("#") && !section.startsWith("\n")) {
                sections.put(
                        section.substring(0, lineEnd).strip(),
                        section.substring(lineEnd).strip());
            }
        }
        return new ErrorCatalogue(sections);
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
