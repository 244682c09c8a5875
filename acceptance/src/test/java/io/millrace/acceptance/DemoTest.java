package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./millrace demo --headless`, as a newcomer runs it.
class DemoTest {
    private static final int FLIGHTS = 20_000;
    private static final long PATIENCE_S = 180;

    @TempDir
    Path folder;

    @Test
    void theDemoPrintsBothResultsAndAgreesWithAComputationInPlainJava() throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        Path temporary = Files.createDirectory(folder.resolve("temporary"));
        ProcessBuilder builder = new ProcessBuilder(
                        NodeProcess.ROOT.resolve("millrace").toString(), "demo", "--headless")
                .directory(folder.toFile())
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile());
        builder.environment().put("MILLRACE_JAVA_OPTS", "-Djava.io.tmpdir=" + temporary);
        Process demo = builder.start();
        boolean ended = demo.waitFor(PATIENCE_S, TimeUnit.SECONDS);
        if (!ended) {
            demo.descendants().forEach(ProcessHandle::destroyForcibly);
            demo.destroyForcibly();
        }

        String said = Files.readString(output) + Files.readString(errors);
        assertThat(ended).as("ended within %d s:%n%s", PATIENCE_S, said).isTrue();
        assertThat(demo.exitValue()).as("exit code:%n%s", said).isZero();
        List<String> lines = Files.readAllLines(output);
        assertThat(lines)
                .contains("Departures and delays per hour and airport", "Departures that a late plane endangers")
                .contains("All rows agree with a computation in plain Java.")
                .anyMatch(line ->
                        line.matches("%,d flights, [1-9][\\d,]* rows per hour and origin, [1-9][\\d,]* connections, .*"
                                .formatted(FLIGHTS)));
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.filter(file -> file.getFileName().toString().startsWith("millrace-demo")))
                    .as("folders that the demo left behind")
                    .isEmpty();
        }
    }
}
