package io.millrace.shell;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.shell.ShellHarness.Run;
import io.millrace.shell.cluster.LocalCluster;
import io.millrace.shell.cluster.LocalNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `millrace cluster` does beside starting real nodes, which the acceptance tests do.
class ClusterToolTest {
    private static final String FOREVER = "#!/bin/sh\nwhile :; do sleep 1; done\n";

    @TempDir
    Path folder;

    private ShellHarness shell;

    @BeforeEach
    void start() throws IOException {
        shell = new ShellHarness();
        shell.environment("MILLRACE_LAUNCHER", launcher("#!/bin/sh\nprintf '%s ' \"$@\"\nexit 3\n"));
    }

    @AfterEach
    void stop() {
        shell.close();
    }

    private String launcher(String script) throws IOException {
        Path launcher = folder.resolve("launcher");
        Files.writeString(launcher, script);
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        return launcher.toString();
    }

    private Run run(String command, String... more) {
        String[] words = new String[4 + more.length];
        words[0] = "cluster";
        words[1] = command;
        words[2] = "--dir";
        words[3] = folder.resolve("c").toString();
        System.arraycopy(more, 0, words, 4, more.length);
        return shell.run(words);
    }

    @ParameterizedTest
    @CsvSource({
        "--nodes 0, must be 1 to 7",
        "--nodes 8, must be 1 to 7",
        "--base-port 63536, leaves no ports for 3 nodes",
        "--base-port 0, leaves no ports"
    })
    void limitsAreSaid(String options, String message) {
        Run run = run("up", options.split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message);
        assertThat(folder.resolve("c")).doesNotExist();
    }

    @Test
    void withoutAClusterThereIsNothingToStop() {
        for (String command : List.of("down", "status", "add")) {
            Run run = run(command);
            assertThat(run.exitCode()).as(command).isEqualTo(2);
            assertThat(run.err()).contains("There is no cluster in").contains("cluster up");
        }
    }

    @Test
    void aNodeThatEndsIsSaidWithItsLastWords() {
        Run run = run("up", "--base-port", "62000", "--set", "log-level=debug");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("has ended. Its log").contains("--cluster.node-id n1");
        assertThat(run.err())
                .contains("--cluster.nodes n1=127.0.0.1:62000/62001,n2=127.0.0.1:63000/63001,n3=127.0.0.1:64000/64001")
                .contains("--log-level debug");
        assertThat(run.out()).contains("stopped");
    }

    @Test
    void whatWasChosenIsFoundAgainAndLaterNodesJoin() throws IOException, InterruptedException {
        Path place = folder.resolve("made");
        String launcher = launcher("#!/bin/sh\nprintf '%s ' \"$@\"\n");
        LocalCluster made = LocalCluster.make(place, launcher, 3, 20_000, false, Map.of("log-level", "warn"));
        made.add();
        LocalCluster found = LocalCluster.open(place, launcher).orElseThrow();
        assertThat(found.nodes().stream().map(LocalNode::id)).containsExactly("n1", "n2", "n3", "n4");
        assertThat(found.nodes().getLast().http().toString()).isEqualTo("http://127.0.0.1:23001");
        assertThat(found.nodes()).noneMatch(LocalNode::isRunning);
    }

    @Test
    void aProcessThatGotTheNumberOfADeadNodeIsLeftAlone() throws IOException, InterruptedException {
        Path place = folder.resolve("made");
        LocalCluster cluster = LocalCluster.make(place, "none", 1, 20_000, false, Map.of());
        Files.createDirectories(place.resolve("n1"));
        Files.writeString(place.resolve("n1/node.pid"), ProcessHandle.current().pid() + " 1000\n");
        assertThat(cluster.nodes().getFirst().isRunning()).isFalse();
        assertThat(cluster.nodes().getFirst().kill()).isFalse();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aDeadNodeWhoseEndNobodyHasNotedDoesNotRun() throws IOException, InterruptedException {
        // sleep never asks for its child, which is dead
        Process parent = new ProcessBuilder("sh", "-c", "true & exec sleep 60").start();
        try {
            ProcessHandle child = eventually(() -> parent.children()
                    .filter(process -> isDead(process.pid()))
                    .findAny()
                    .orElse(null));
            assertThat(child.isAlive()).as("what the JDK says").isTrue();
            LocalCluster cluster =
                    LocalCluster.make(folder.resolve("made"), launcher(FOREVER), 1, 20_000, false, Map.of());
            LocalNode node = cluster.nodes().getFirst();
            writeProcess(child);
            assertThat(node.isRunning()).isFalse();
            assertThat(node.kill()).isFalse();
            node.start(); // does not wait for its parent
            assertThat(node.kill()).isTrue();
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aNodeRunsUntilItIsKilled() throws IOException, InterruptedException {
        LocalCluster cluster = LocalCluster.make(folder.resolve("made"), launcher(FOREVER), 1, 20_000, false, Map.of());
        LocalNode node = cluster.nodes().getFirst();
        node.start();
        try {
            assertThat(node.isRunning()).isTrue();
        } finally {
            assertThat(node.kill()).isTrue();
        }
        assertThat(node.isRunning()).isFalse();
        assertThat(node.kill()).isFalse();
    }

    /// Started at the very same time, and yet not it: it was told no folder.
    @Test
    @EnabledOnOs(OS.LINUX)
    void aProcessWithAnotherCommandLineIsNoNode() throws IOException, InterruptedException {
        Process stranger = new ProcessBuilder("sleep", "60").start();
        try {
            LocalCluster cluster = LocalCluster.make(folder.resolve("made"), "none", 1, 20_000, false, Map.of());
            writeProcess(stranger.toHandle());
            assertThat(cluster.nodes().getFirst().isRunning()).isFalse();
            assertThat(cluster.nodes().getFirst().kill()).isFalse();
            assertThat(stranger.isAlive()).isTrue();
        } finally {
            stranger.destroyForcibly();
        }
    }

    private void writeProcess(ProcessHandle process) throws IOException {
        Path file = Files.createDirectories(folder.resolve("made/n1")).resolve("node.pid");
        long since = process.info().startInstant().orElseThrow().toEpochMilli();
        Files.writeString(file, process.pid() + " " + since + "\n");
    }

    private static boolean isDead(long process) {
        try {
            return Files.readString(Path.of("/proc/" + process + "/stat")).contains(") Z ");
        } catch (IOException gone) {
            return false;
        }
    }

    private static <T> T eventually(Supplier<@Nullable T> wanted) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < deadline) {
            T found = wanted.get();
            if (found != null) {
                return found;
            }
            TimeUnit.MILLISECONDS.sleep(10);
        }
        throw new AssertionError("it did not come about within 30 s");
    }
}
