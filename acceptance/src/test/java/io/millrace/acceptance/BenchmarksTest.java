package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `benchmarks/run` says what it lacks, before it builds or measures anything.
class BenchmarksTest {
    private static final long PATIENCE_S = 60;
    private static final int WRONG_USAGE = 2;

    @TempDir
    Path folder;

    private Path tools = Path.of("");

    @BeforeEach
    void aPathWithTheBasicsOnly() throws IOException {
        tools = Files.createDirectory(folder.resolve("tools"));
        for (String name : List.of("bash", "sh", "dirname", "readlink", "sed", "cat", "mktemp", "rm")) {
            Files.createSymbolicLink(tools.resolve(name), toolOnPath(name));
        }
    }

    private static Path toolOnPath(String name) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("there is no " + name + " on the path"));
    }

    /// @return what it says on standard error
    private String refusal(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                NodeProcess.ROOT.resolve("benchmarks/run").toAbsolutePath().toString()));
        command.addAll(List.of(arguments));
        Path errors = folder.resolve("errors");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(folder.resolve("output").toFile())
                .redirectError(errors.toFile());
        builder.environment().put("PATH", tools.toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try {
            assertThat(process.waitFor(PATIENCE_S, TimeUnit.SECONDS)).isTrue();
            String said = Files.readString(errors);
            assertThat(process.exitValue()).as(said).isEqualTo(WRONG_USAGE);
            assertThat(folder.resolve("output")).isEmptyFile();
            return said;
        } finally {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "produce, wrk curl, wrk curl",
        "cluster, wrk etcd curl pgrep, wrk etcd-server curl procps",
        "startup, curl, curl"
    })
    void missingProgramsAreNamedWithTheirPackages(String benchmark, String programs, String packages)
            throws IOException, InterruptedException {
        assertThat(refusal(benchmark))
                .isEqualTo("benchmarks/run %s needs %s, which cannot be found. Install with: apt install %s%n"
                        .formatted(benchmark, programs, packages));
    }

    @Test
    void aMissingFileOfFlightsIsSaidWithWhereToGetIt() throws IOException, InterruptedException {
        assertThat(refusal("flights"))
                .contains("reads flights-3m.parquet, and there is no such file", "curl -fLO https://");
        assertThat(refusal("flights", "2", "elsewhere.parquet"))
                .contains("reads elsewhere.parquet, and there is no such file", "benchmarks/run flights 2 PATH");
    }

    @ParameterizedTest
    @CsvSource({
        "flights 0, runs",
        "flights many, runs",
        "produce -1, runs",
        "produce 1 0, seconds",
        "cluster 1 1.5, seconds",
        "startup 1x, runs"
    })
    void numbersAreChecked(String line, String what) throws IOException, InterruptedException {
        String[] words = line.split(" ", -1);
        assertThat(refusal(words))
                .contains("benchmarks/run " + words[0] + ": " + what + " is a whole number of at least 1, not '"
                        + words[words.length - 1] + "'");
    }

    @Test
    void withoutABenchmarkItSaysWhichThereAre() throws IOException, InterruptedException {
        assertThat(refusal()).startsWith("usage: benchmarks/run flights");
        assertThat(refusal("nonsense")).startsWith("usage: benchmarks/run flights");
    }
}
