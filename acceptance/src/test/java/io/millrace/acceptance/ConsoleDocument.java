package io.millrace.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// A document whose `console` blocks are run word for word.
final class ConsoleDocument {
    private static final Pattern ELECTION = Pattern.compile("\"error\":\"(no_leader|not_leader|outcome_unknown)\"");

    private static final Path LOCK_FILE = Path.of(System.getProperty("java.io.tmpdir"), "millrace-documents.lock");

    private final Path path;
    private final List<String> lines;
    private final List<ConsoleStep> steps;

    private ConsoleDocument(Path path, List<String> lines) {
        this.path = path;
        this.lines = lines;
        this.steps = ConsoleStep.of(lines);
    }

    /// @param name relative to the project's folder
    static ConsoleDocument read(String name) throws IOException {
        Path path = NodeProcess.ROOT.resolve(name);
        return new ConsoleDocument(path, Files.readAllLines(path));
    }

    List<ConsoleStep> steps() {
        return steps;
    }

    /// Runs all commands but the skipped ones and compares what they print with what the document shows. When an
    /// election came between the commands of a cluster, which happens on busy machines, all of them once more.
    ///
    /// When they differ, the document with the outputs of this run is left in `target/documents`.
    void check(Path folder, Predicate<ConsoleStep> skipped) throws IOException, InterruptedException {
        List<List<String>> outputs = new ArrayList<>();
        List<String> differences = run(Files.createDirectory(folder.resolve("first")), skipped, outputs);
        if (differences.stream().anyMatch(ELECTION.asPredicate())) {
            outputs.clear();
            differences = run(Files.createDirectory(folder.resolve("second")), skipped, outputs);
        }
        if (!differences.isEmpty()) {
            write(outputs);
        }
        assertThat(differences)
                .as("commands that print something else than %s shows", path.getFileName())
                .isEmpty();
    }

    private List<String> run(Path folder, Predicate<ConsoleStep> skipped, List<List<String>> outputs)
            throws IOException, InterruptedException {
        // one at a time: documents use the same ports, and tests run in several processes
        try (FileChannel channel = FileChannel.open(LOCK_FILE, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.lock()) {
            assertThat(held.isValid()).isTrue();
            return runAlone(folder, skipped, outputs);
        }
    }

    private List<String> runAlone(Path folder, Predicate<ConsoleStep> skipped, List<List<String>> outputs)
            throws IOException, InterruptedException {
        Console.awaitFreePort();
        List<String> differences = new ArrayList<>();
        try (Console console = Console.open(folder)) {
            for (ConsoleStep step : steps) {
                List<String> output = skipped.test(step) ? step.output() : console.run(step);
                outputs.add(output);
                if (!step.matches(output)) {
                    differences.add("%s:%d: %s\n--- shown\n%s\n--- printed\n%s\n"
                            .formatted(
                                    path.getFileName(),
                                    step.line(),
                                    step.command(),
                                    String.join("\n", step.output()),
                                    String.join("\n", output)));
                }
            }
        }
        return differences;
    }

    private void write(List<List<String>> outputs) throws IOException {
        List<String> text = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < steps.size(); i++) {
            ConsoleStep step = steps.get(i);
            int outputStart = step.line() - 1 + (int) step.command().lines().count();
            text.addAll(lines.subList(next, outputStart));
            next = outputStart + step.output().size();
            text.addAll(step.matches(outputs.get(i)) ? step.output() : outputs.get(i));
        }
        text.addAll(lines.subList(next, lines.size()));
        Path target = NodeProcess.ROOT.resolve("acceptance/target/documents").resolve(path.getFileName());
        Files.createDirectories(target.getParent());
        Files.write(target, text);
    }
}
