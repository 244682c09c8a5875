package io.millrace.query.parser;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// The text files of statements beside the tests.
///
/// ```
/// # a comment sql> SELECT ...> FORM t error> 1:1-1:2 what is wrong hint> what was meant ```
final class Scenarios {
    private Scenarios() {}

    /// One statement and everything that is said of it, as it stands in the file.
    record Scenario(String sql, String outcome) {
        @Override
        public String toString() {
            return sql;
        }
    }

    static List<Scenario> read(String file) {
        List<Scenario> scenarios = new ArrayList<>();
        for (String block : text(file).split("\n\n+")) {
            if (block.isBlank() || block.startsWith("#")) {
                continue;
            }
            int outcome = Math.max(block.indexOf("\nout> "), block.indexOf("\nerror> "));
            if (!block.startsWith("sql> ") || outcome < 0) {
                throw new IllegalArgumentException(file + ": neither comment nor scenario:\n" + block);
            }
            String sql = block.substring("sql> ".length(), outcome).replace("\n...> ", "\n");
            scenarios.add(new Scenario(sql, block.substring(outcome + 1).stripTrailing()));
        }
        return scenarios;
    }

    private static String text(String file) {
        try (InputStream stream = Objects.requireNonNull(Scenarios.class.getResourceAsStream(file), file)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
