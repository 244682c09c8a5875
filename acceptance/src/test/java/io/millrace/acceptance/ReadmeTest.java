package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The README shows what really happens.
class ReadmeTest {
    private static final String README = "README.md";
    private static final String VERIFY = "./mvnw verify";
    private static final String DEMO = "./millrace demo --headless";

    @TempDir
    Path folder;

    @Test
    void everyCommandPrintsWhatTheReadmeShows() throws IOException, InterruptedException {
        ConsoleDocument readme = ConsoleDocument.read(README);

        assertThat(readme.steps()).as("commands").hasSizeGreaterThan(15);
        readme.check(folder, step -> step.command().equals(VERIFY)); // this test is a part of it
    }

    @Test
    void theFirstTenLinesHoldTheTwoCommandsToTryAndToTest() throws IOException {
        List<String> commands = Files.readAllLines(NodeProcess.ROOT.resolve(README)).stream()
                .limit(10)
                .toList();

        assertThat(commands).contains("$ " + DEMO, "$ " + VERIFY);
    }

    @Test
    void theReadmesTestCommandIsWhatContinuousIntegrationRuns() throws IOException {
        assertThat(ConsoleDocument.read(README).steps())
                .anyMatch(step -> step.command().equals(VERIFY));
        String script = Files.readString(NodeProcess.ROOT.resolve(".ci/run"));
        assertThat(script.lines().filter(line -> !line.strip().startsWith("#")))
                .anyMatch(line -> line.matches(".*\\./mvnw( -\\S+)* verify\\b.*"));
    }
}
