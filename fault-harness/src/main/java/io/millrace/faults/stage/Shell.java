package io.millrace.faults.stage;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Other programs.
final class Shell {
    private static final long PATIENCE_S = 30;

    record Ended(int exitCode, String output) {}

    private Shell() {}

    /// Runs a command to its end.
    ///
    /// @throws IOException there is no such program, or it does not end
    static Ended run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(PATIENCE_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", command) + " did not end within " + PATIENCE_S + " s");
        }
        return new Ended(process.exitValue(), output);
    }

    static Ended run(String... command) throws IOException, InterruptedException {
        return run(List.of(command));
    }

    /// Runs a command that must succeed.
    static String must(List<String> command) throws IOException, InterruptedException {
        Ended ended = run(command);
        if (ended.exitCode() != 0) {
            throw new IOException(String.join(" ", command) + " failed (" + ended.exitCode() + "): "
                    + ended.output().strip());
        }
        return ended.output();
    }

    static String must(String... command) throws IOException, InterruptedException {
        return must(List.of(command));
    }

    /// Whether a program is on the path.
    static boolean has(String program) {
        for (String folder :
                System.getenv().getOrDefault("PATH", "/usr/sbin:/usr/bin").split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(folder, program))) {
                return true;
            }
        }
        return false;
    }
}
