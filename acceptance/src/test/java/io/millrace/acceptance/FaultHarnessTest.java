package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `millrace verify --faults`, as its users run it. The whole table takes many minutes and runs with
/// `-Pfaults`.
class FaultHarnessTest {
    private static final long QUICK_PATIENCE_S = 240;
    private static final long TABLE_PATIENCE_S = 3 * 3600;
    private static final long SEED = Seeds.first(20_261_121);
    private static final int ROUNDS = Integer.getInteger("millrace.rounds", 3);

    @TempDir
    Path folder;

    @Test
    void aNodeThatIsKilledKeepsItsPromises() throws IOException, InterruptedException {
        String output = verify(QUICK_PATIENCE_S, "--faults", "kill-one", "--nodes", "1", "--rounds", "2");

        assertThat(output).containsPattern("\\| kill-one +\\| 0 +\\| 0 +\\| 0 .*\\| ok +\\|");
    }

    @Test
    void aClusterWhoseLeaderIsKilledKeepsItsPromises() throws IOException, InterruptedException {
        String output = verify(QUICK_PATIENCE_S, "--faults", "kill-leader", "--nodes", "3", "--rounds", "1");

        assertThat(output).containsPattern("\\| kill-leader +\\| 0 +\\| 0 +\\| 0 .*\\| ok +\\|");
    }

    @Test
    void aPlantedBugIsCaught() throws IOException, InterruptedException {
        String output = verify(QUICK_PATIENCE_S, "--faults", "pause-one", "--planted", "--nodes", "1", "--rounds", "1");

        assertThat(output).containsPattern("\\| pause-one: writes twice +\\| 0 +\\| [1-9].*\\| caught +\\|");
    }

    @Test
    @Tag("faults")
    void everyRowKeepsItsPromises() throws IOException, InterruptedException {
        verify(TABLE_PATIENCE_S, "--faults", "--rounds", String.valueOf(ROUNDS));
    }

    @Test
    @Tag("faults")
    void severalGroupsKeepTheirPromises() throws IOException, InterruptedException {
        verify(TABLE_PATIENCE_S, withRows("--groups", "4"));
    }

    @Test
    @Tag("faults")
    void encryptedNodesKeepTheirPromises() throws IOException, InterruptedException {
        verify(TABLE_PATIENCE_S, withRows("--tls"));
    }

    /// One row of every kind: processes, power, network, disks, members.
    private static String[] withRows(String... options) {
        List<String> all = new ArrayList<>(List.of(
                "--faults", "kill-leader", "power-all", "cut-leader", "pause-followers", "wiped", "grow", "--rounds"));
        all.add(String.valueOf(ROUNDS));
        all.addAll(List.of(options));
        return all.toArray(String[]::new);
    }

    @Test
    @Tag("faults")
    void everyRowOfASingleNodeKeepsItsPromises() throws IOException, InterruptedException {
        verify(TABLE_PATIENCE_S, "--faults", "--nodes", "1", "--rounds", String.valueOf(ROUNDS));
    }

    @Test
    @Tag("faults")
    void everyRowNoticesItsPlantedBug() throws IOException, InterruptedException {
        verify(TABLE_PATIENCE_S, "--faults", "--planted", "--rounds", "1");
    }

    /// What it prints; it must succeed.
    private String verify(long patienceS, String... options) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(NodeProcess.ROOT.resolve("millrace").toString(), "verify"));
        command.addAll(List.of(options));
        command.addAll(List.of("--seed", String.valueOf(SEED), "--dir", folder.toString()));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            boolean ended = process.waitFor(patienceS, TimeUnit.SECONDS);
            String text = Files.readString(output);
            assertThat(ended)
                    .as("ends within %d s; so far: %s", patienceS, text)
                    .isTrue();
            assertThat(process.exitValue()).as(text).isZero();
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left).as("what a good run leaves behind").containsExactly(output);
            }
            System.out.print(text);
            return text;
        } finally {
            process.destroyForcibly(); // everything it has started ends with it
        }
    }
}
