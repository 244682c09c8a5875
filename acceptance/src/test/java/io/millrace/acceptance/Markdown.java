package io.millrace.acceptance;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the tests look for in a document: code spans, links, headings. Fenced blocks are left out of all three.
final class Markdown {
    private static final Pattern FENCE = Pattern.compile("^ {0,3}```.*");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern LINK = Pattern.compile("(?<!!)\\[[^\\]]*]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("^#{1,6} +(.+?) *#*$");

    private Markdown() {}

    static Set<String> codeSpans(String document) {
        Set<String> spans = new LinkedHashSet<>();
        Matcher matcher = CODE.matcher(String.join("\n", prose(document)));
        while (matcher.find()) {
            spans.add(matcher.group(1));
        }
        return spans;
    }

    static Set<String> links(String document) {
        Set<String> links = new LinkedHashSet<>();
        Matcher matcher = LINK.matcher(String.join("\n", prose(document)));
        while (matcher.find()) {
            links.add(matcher.group(1));
        }
        return links;
    }

    /// What `#…` may name: headings as GitHub writes them.
    static Set<String> anchors(String document) {
        Set<String> anchors = new LinkedHashSet<>();
        for (String line : prose(document)) {
            Matcher matcher = HEADING.matcher(line);
            if (matcher.matches()) {
                String words = matcher.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N} _-]", "");
                anchors.add(words.replace(' ', '-'));
            }
        }
        return anchors;
    }

    private static List<String> prose(String document) {
        List<String> lines = new ArrayList<>();
        boolean fenced = false;
        for (String line : document.lines().toList()) {
            if (FENCE.matcher(line).matches()) {
                fenced = !fenced;
            } else if (!fenced) {
                lines.add(line);
            }
        }
        return lines;
    }
}
