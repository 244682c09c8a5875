package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The guides show what really happens; each one starts its own node.
class GuidesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"docs/http.md", "docs/sql.md", "docs/shell.md", "docs/limits.md"})
    void everyCommandPrintsWhatTheGuideShows(String name) throws IOException, InterruptedException {
        ConsoleDocument guide = ConsoleDocument.read(name);

        assertThat(guide.steps()).as("commands").hasSizeGreaterThan(3);
        guide.check(folder, step -> false);
    }
}
