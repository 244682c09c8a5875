package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The checker of documents finds what is wrong in them.
class ConsoleDocumentTest {
    @TempDir
    Path folder;

    @Test
    void stepsAreCommandsWithTheLinesBelowThem() {
        List<ConsoleStep> steps = ConsoleStep.of(List.of(
                "# Title",
                "```console",
                "$ echo 'a",
                ">",
                ">   b'",
                "a",
                "",
                "  b",
                "",
                "$ true",
                "```",
                "```sql",
                "$ no",
                "```"));

        assertThat(steps)
                .containsExactly(
                        new ConsoleStep(3, "echo 'a\n\n  b'", List.of("a", "", "  b")),
                        new ConsoleStep(10, "true", List.of()));
    }

    @Test
    void aBlockWithoutPromptIsRefused() {
        assertThatThrownBy(() -> ConsoleStep.of(List.of("```console", "ls", "```")))
                .hasMessage("line 2: a console block begins with '$ ' and a command, not with: ls");
        assertThatThrownBy(() -> ConsoleStep.of(List.of("```console", "$ ls")))
                .hasMessage("the last console block is not closed");
    }

    @Test
    void anEllipsisStandsForAnyLinesAndNothingElseDoes() {
        ConsoleStep step = new ConsoleStep(1, "ls", List.of("a", "…", "z"));

        assertThat(step.matches(List.of("a", "z"))).isTrue();
        assertThat(step.matches(List.of("a", "b", "z", "c", "z", ""))).isTrue();
        assertThat(step.matches(List.of("a", "b"))).isFalse();
        assertThat(step.matches(List.of("a", "z", "b"))).isFalse();
        assertThat(step.matches(List.of("b", "z"))).isFalse();
    }

    @Test
    void onlyWhatIsVolatileMayDiffer() {
        ConsoleStep step = new ConsoleStep(1, "curl", List.of("{\"offset\":1,\"request_id\":\"a\",\"elapsed_ms\":3}"));

        assertThat(step.matches(List.of("{\"offset\":1,\"request_id\":\"b\",\"elapsed_ms\":45}")))
                .isTrue();
        assertThat(step.matches(List.of("{\"offset\":2,\"request_id\":\"a\",\"elapsed_ms\":3}")))
                .isFalse();
        assertThat(VolatileText.blot("(3 rows, 12 ms)")).isEqualTo("(3 rows, * ms)");
        assertThat(VolatileText.blot("1,203.5 s, 20,000/s")).isEqualTo("* s, */s");
        assertThat(VolatileText.blot("http://127.0.0.1:1109")).isEqualTo("http://127.0.0.1:1109");
        assertThat(VolatileText.blot("http://127.0.0.1:34567")).isEqualTo("http://127.0.0.1:*");
    }

    @Test
    void commandsRunInOneShellOneAfterTheOther() throws IOException, InterruptedException {
        try (Console console = Console.open(folder)) {
            assertThat(run(console, "x=3; printf 'no end of line'")).containsExactly("no end of line");
            assertThat(run(console, "echo $x; echo error >&2")).containsExactly("3", "error");
            assertThat(run(console, "cat; false")).isEmpty();
            assertThat(run(console, "printf 'a\\n\\nb\\n\\n'")).containsExactly("a", "", "b");
            assertThat(run(console, "test -x ./millrace && echo there")).containsExactly("there");
        }
    }

    @Test
    void whatACommandInTheBackgroundPrintsIsAwaitedAndItsProcessStopped() throws IOException, InterruptedException {
        ProcessHandle started;
        try (Console console = Console.open(folder)) {
            ConsoleStep step =
                    new ConsoleStep(1, "{ sleep 0.3; echo ready; exec tail -f /dev/null; } &", List.of("ready"));
            assertThat(console.run(step)).containsExactly("ready");
            started = ProcessHandle.of(Long.parseLong(run(console, "echo $!").getFirst()))
                    .orElseThrow();
            assertThat(started.isAlive()).isTrue();
        }
        assertThat(started.isAlive()).isFalse();
    }

    @Test
    void whatGoesOnUntilATimeoutEndsWhenTheDocumentsOutputHasCome() throws IOException, InterruptedException {
        try (Console console = Console.open(folder)) {
            ConsoleStep endless =
                    new ConsoleStep(1, "timeout 500 sh -c 'echo seen; exec tail -f /dev/null' | cat", List.of("seen"));
            assertThat(console.run(endless)).containsExactly("seen");
            assertThat(run(console, "timeout 1 echo quick")).containsExactly("quick");
            assertThat(run(console, "timeout 100 false || echo failed")).containsExactly("failed");
        }
    }

    private static List<String> run(Console console, String command) throws IOException, InterruptedException {
        return console.run(new ConsoleStep(1, command, List.of()));
    }
}
