package io.millrace.query.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every case of the text files. [#main] writes the files anew with what was found: read
/// the difference before you keep it.
class ScenarioTest {
    static List<Scenario> scenarios() throws IOException {
        return Scenario.readAll();
    }

    static String found(Scenario scenario) {
        FrontFixture fixture = new FrontFixture();
        if (!scenario.setup().isEmpty()) {
            fixture.plan(scenario.setup());
        }
        return fixture.describe(scenario.sql());
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void planningGivesWhatTheFileSays(Scenario scenario) {
        assertThat(found(scenario)).as("%s", scenario).isEqualTo(scenario.expected());
    }

    @Test
    void thereAreManyScenarios() throws IOException {
        assertThat(scenarios()).hasSizeGreaterThanOrEqualTo(120);
    }

    /// `main` rather than a test: it changes the sources.
    public static void main(String[] arguments) throws IOException {
        try (var files = Files.list(Scenario.DIRECTORY)) {
            for (Path file : files.sorted().toList()) {
                List<Scenario> scenarios = Scenario.read(file);
                StringBuilder text = new StringBuilder();
                if (!scenarios.isEmpty() && !scenarios.getFirst().setup().isEmpty()) {
                    text.append(scenarios.getFirst().setup()).append("\n\n");
                }
                for (Scenario scenario : scenarios) {
                    text.append("## ").append(scenario.title()).append('\n');
                    text.append(scenario.sql()).append("\n---\n");
                    String found;
                    try {
                        found = found(scenario);
                    } catch (RuntimeException | AssertionError broken) {
                        found = "BROKEN " + broken;
                    }
                    text.append(found).append("\n\n");
                }
                Files.writeString(file, text.toString().stripTrailing() + "\n");
            }
        }
    }
}
