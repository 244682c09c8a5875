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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `millrace cluster` does beside starting real nodes, which the acceptance tests do.
class ClusterToolTest {
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
}
