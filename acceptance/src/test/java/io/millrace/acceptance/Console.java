package io.millrace.acceptance;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A bash that runs the commands of a document one after the other in a folder of its own, where `./millrace`
/// calls the launcher.
///
/// Everything that it started is stopped by [#close].
final class Console implements AutoCloseable {
    /// Documents use the port that a user gets.
    static final int PORT = 1109;

    private static final Duration STEP_PATIENCE = Duration.ofSeconds(180);
    private static final Duration PORT_PATIENCE = Duration.ofSeconds(60);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(60);
    /// What `timeout` allows is for quiet machines and patient readers. Here it is this much longer, and over as soon
    /// as the document's output has come.
    private static final int TIMEOUT_FACTOR = 5;

    private static final char MARK = '\u001e';
    private static final Pattern MARKER = Pattern.compile(MARK + "(\\d+)");

    private final Path folder;
    private final Process bash;
    private final BufferedWriter input;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private int steps;

    private Console(Path folder, Process bash) {
        this.folder = folder;
        this.bash = bash;
        this.input = new BufferedWriter(new OutputStreamWriter(bash.getOutputStream(), StandardCharsets.UTF_8));
        Thread.ofVirtual().name("console-output").start(this::read);
    }

    /// @param folder an empty one
    static Console open(Path folder) throws IOException {
        Path launcher = folder.resolve("millrace");
        writeProgram(launcher, "exec '%s' \"$@\"".formatted(NodeProcess.ROOT.resolve("millrace")));
        ProcessBuilder builder = new ProcessBuilder("bash", "--norc", "--noprofile")
                .directory(folder.toFile())
                .redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("MILLRACE_") || name.startsWith("RF_"));
        environment.put("LC_ALL", "C.UTF-8");
        // as on a terminal, where curl shows no progress among the output
        Files.writeString(folder.resolve(".curlrc"), "no-progress-meter\n");
        environment.put("CURL_HOME", folder.toString());
        String path = environment.getOrDefault("PATH", "/usr/bin:/bin");
        Path programs = Files.createDirectories(folder.resolve(".programs"));
        writeProgram(programs.resolve("timeout"), """
                PATH='%s'
                export PATH
                seconds=$1
                shift
                exec timeout $((seconds * %d)) "$@\"""".formatted(path, TIMEOUT_FACTOR));
        environment.put("PATH", programs + ":" + path);
        return new Console(folder, builder.start());
    }

    private static void writeProgram(Path file, String script) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        if (!file.toFile().setExecutable(true)) {
            throw new IOException("cannot make " + file + " executable");
        }
    }

    /// Waits until nothing listens on the documents' port.
    ///
    /// @throws IllegalStateException when something else keeps it
    static void awaitFreePort() {
        if (!Poll.until(PORT_PATIENCE, Console::isPortFree)) {
            throw new IllegalStateException("Something else listens on port " + PORT
                    + ", which the documents' commands use. Stop it and run the test again.");
        }
    }

    private static boolean isPortFree() {
        try (ServerSocket free = new ServerSocket(PORT, 1, InetAddress.getLoopbackAddress())) {
            return free.isBound();
        } catch (IOException busy) {
            return false;
        }
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(bash.getInputStream(), StandardCharsets.UTF_8))) {
            String line = output.readLine();
            while (line != null) {
                lines.add(line);
                line = output.readLine();
            }
        } catch (IOException gone) {
            lines.add("(the shell's output broke: " + gone.getMessage() + ")");
        }
    }

    /// Runs a command and returns what it printed, on standard output and standard error alike. For a background
    /// command that is what it prints until the document's output has come or the patience ends. A command below
    /// `timeout` is ended when the document's output has come.
    List<String> run(ConsoleStep step) throws IOException, InterruptedException {
        int number = steps++;
        Path script = folder.resolve(".step-" + number);
        Files.writeString(script, step.command() + "\n");
        input.write(". ./.step-%d </dev/null; printf '\\n\\036%d\\n'\n".formatted(number, number));
        input.flush();
        List<String> output = new ArrayList<>();
        long deadline = System.nanoTime() + STEP_PATIENCE.toNanos();
        boolean marked = false;
        while (!marked) {
            String line = next(deadline);
            if (line == null) {
                throw new IOException("line %d: no end after %d s: %s\nso far:\n%s"
                        .formatted(step.line(), STEP_PATIENCE.toSeconds(), step.command(), String.join("\n", output)));
            }
            Matcher matcher = MARKER.matcher(line);
            if (matcher.matches() && Integer.parseInt(matcher.group(1)) == number) {
                marked = true;
            } else {
                output.add(line);
                if (step.isTimed() && step.matches(output)) {
                    endTimed();
                }
            }
        }
        removeMarkersNewline(output);
        while (step.isBackground() && !step.matches(output)) {
            String line = next(deadline);
            if (line == null) {
                break;
            }
            output.add(line);
        }
        return ConsoleStep.withoutLastBlankLines(output);
    }

    private void endTimed() {
        bash.descendants()
                .filter(process -> process.info().command().orElse("").endsWith("/timeout"))
                .flatMap(ProcessHandle::children)
                .forEach(ProcessHandle::destroy);
    }

    private @Nullable String next(long deadline) throws InterruptedException {
        return lines.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /// The marker comes on a line of its own also when the output does not end with one.
    private static void removeMarkersNewline(List<String> output) {
        if (!output.isEmpty() && output.getLast().isEmpty()) {
            output.removeLast();
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> started = bash.descendants().toList();
        bash.destroyForcibly();
        started.forEach(ProcessHandle::destroy);
        boolean allEnded = Poll.until(STOP_PATIENCE, () -> started.stream().noneMatch(ProcessHandle::isAlive));
        if (!allEnded) {
            started.forEach(ProcessHandle::destroyForcibly);
            throw new IllegalStateException("A process that a document starts did not stop within "
                    + STOP_PATIENCE.toSeconds() + " s of SIGTERM: "
                    + started.stream().map(ProcessHandle::info).toList());
        }
    }
}
