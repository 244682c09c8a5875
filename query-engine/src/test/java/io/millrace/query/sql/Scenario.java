package io.millrace.query.sql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// One case of a text file:
///
/// ```
/// ## what it shows
/// SQL, one or more statements; all but the last are definitions
/// ---
/// expected output
/// ```
///
/// The file begins with definitions that all cases share, before the first `##`.
record Scenario(String file, int line, String title, String setup, String sql, String expected) {
    static final Path DIRECTORY = Path.of("src/test/resources/sql");

    static List<Scenario> readAll() throws IOException {
        List<Scenario> all = new ArrayList<>();
        try (var files = Files.list(DIRECTORY)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".txt"))
                    .sorted()
                    .toList()) {
                all.addAll(read(file));
            }
        }
        return all;
    }

    static List<Scenario> read(Path file) throws IOException {
        List<Scenario> scenarios = new ArrayList<>();
        StringBuilder setup = new StringBuilder();
        StringBuilder sql = new StringBuilder();
        StringBuilder expected = new StringBuilder();
        String title = "";
        int titleLine = 0;
        int part = 0;
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            if (line.startsWith("## ")) {
                if (part > 0) {
                    scenarios.add(make(file, titleLine, title, setup, sql, expected));
                }
                title = line.substring(3).strip();
                titleLine = number;
                sql.setLength(0);
                expected.setLength(0);
                part = 1;
            } else if (line.equals("---") && part == 1) {
                part = 2;
            } else {
                (part == 0 ? setup : part == 1 ? sql : expected).append(line).append('\n');
            }
        }
        if (part > 0) {
            scenarios.add(make(file, titleLine, title, setup, sql, expected));
        }
        return scenarios;
    }

    private static Scenario make(
            Path file, int line, String title, StringBuilder setup, StringBuilder sql, StringBuilder expected) {
        return new Scenario(
                file.getFileName().toString(),
                line,
                title,
                setup.toString().strip(),
                sql.toString().strip(),
                expected.toString().strip());
    }

    @Override
    public String toString() {
        return file + ":" + line + " " + title;
    }
}
