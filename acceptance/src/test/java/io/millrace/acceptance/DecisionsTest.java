package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.Row;
import io.millrace.faults.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// A decision that names a test is kept by that test, so the test must be there.
class DecisionsTest {
    private static final Pattern TEST = Pattern.compile("(\\w+Test)(?:\\.(\\w+))?");
    private static final Pattern FAULT_ROWS = Pattern.compile("fault rows? ((?:`[a-z-]+`(?:, )?)+)");
    private static final Pattern SPAN = Pattern.compile("`([a-z-]+)`");

    @Test
    void everyTestThatADecisionNamesExists() throws IOException {
        Map<String, String> tests = tests();
        List<String> missing = new ArrayList<>();
        int checked = 0;
        for (Path decision : decisions()) {
            for (String span : Markdown.codeSpans(Files.readString(decision))) {
                Matcher named = TEST.matcher(span);
                if (named.matches()) {
                    checked++;
                    String source = tests.getOrDefault(named.group(1), "");
                    if (source.isEmpty()
                            || named.group(2) != null && !source.contains("void " + named.group(2) + "(")) {
                        missing.add(decision.getFileName() + ": " + span);
                    }
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(checked).as("the test must have tested something").isGreaterThan(20);
    }

    @Test
    void everyFaultRowThatADecisionNamesExists() throws IOException {
        List<String> rows = Rows.all().stream().map(Row::name).toList();
        List<String> named = new ArrayList<>();
        for (Path decision : decisions()) {
            Matcher list = FAULT_ROWS.matcher(Files.readString(decision));
            while (list.find()) {
                Matcher row = SPAN.matcher(list.group(1));
                while (row.find()) {
                    named.add(row.group(1));
                }
            }
        }
        assertThat(named).hasSizeGreaterThan(5).isSubsetOf(rows);
    }

    private static List<Path> decisions() throws IOException {
        try (Stream<Path> files = Files.list(NodeProcess.ROOT.resolve("docs/decisions"))) {
            return files.sorted().toList();
        }
    }

    /// Sources by simple name.
    private static Map<String, String> tests() throws IOException {
        Map<String, String> tests = new HashMap<>();
        try (Stream<Path> files = Files.walk(NodeProcess.ROOT)) {
            for (Path file : files.filter(path -> path.toString().endsWith("Test.java")
                            && path.toString().contains("/src/test/"))
                    .toList()) {
                tests.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
            }
        }
        return tests;
    }
}
