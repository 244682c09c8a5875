package io.millrace.query.sql;

import java.util.ArrayList;
import java.util.List;

/// Names of key columns in one text: separated by commas, a comma or backslash in a name behind a backslash.
final class KeyNames {
    private KeyNames() {}

    static String write(List<String> names) {
        return String.join(
                ",",
                names.stream()
                        .map(name -> name.replace("\\", "\\\\").replace(",", "\\,"))
                        .toList());
    }

    static List<String> parse(String text) {
        List<String> names = new ArrayList<>();
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                name.append(text.charAt(++i));
            } else if (c == ',') {
                names.add(name.toString());
                name.setLength(0);
            } else {
                name.append(c);
            }
        }
        names.add(name.toString());
        return List.copyOf(names);
    }
}
