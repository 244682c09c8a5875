package io.millrace.query.sql;

import io.millrace.query.SqlException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.calcite.sql.parser.SqlParserPos;

/// The settings that a session has: SET changes them, and a request brings them with it.
final class SessionSettings {
    /// What each can be; the first is the default.
    private static final Map<String, List<String>> VALUES = new TreeMap<>(
            Map.of("changelog", List.of("weights", "upsert", "debezium"), "on_error", List.of("skip", "fail")));

    private SessionSettings() {}

    /// @throws SqlException there is no such setting, or it cannot be this
    static void check(String name, String value, SqlParserPos place) {
        checkName(name, place);
        List<String> values = VALUES.getOrDefault(name, List.of());
        if (values.contains(value)) {
            return;
        }
        String possible = "'" + String.join("' or '", values) + "'";
        throw Problems.at(
                "invalid_option",
                "Setting '" + name + "' can be " + possible + ", not '" + value + "'.",
                place,
                Suggestions.hint(value, values));
    }

    /// @throws SqlException there is no such setting
    static void checkName(String name, SqlParserPos place) {
        if (!VALUES.containsKey(name)) {
            String hint = Suggestions.hint(name, VALUES.keySet());
            throw Problems.at(
                    "unknown_option",
                    "There is no session setting '" + name + "'.",
                    place,
                    hint == null ? "There are " + String.join(", ", VALUES.keySet()) + "." : hint);
        }
    }

    /// All settings, with their defaults where the session says nothing.
    static Map<String, String> effective(Map<String, String> session) {
        Map<String, String> all = new TreeMap<>();
        VALUES.forEach((name, values) -> all.put(name, session.getOrDefault(name, values.getFirst())));
        return all;
    }
}
