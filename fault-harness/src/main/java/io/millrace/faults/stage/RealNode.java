package io.millrace.faults.stage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A node as users start it, `./millrace start`, which can be started again and again on the same folder.
final class RealNode {
    private static final long END_PATIENCE_S = 30;
    private static final int LOG_TAIL_BYTES = 3_000;

    /// Several nodes share a machine, and start often: less memory, and no compiler that pays off after minutes.
    private static final String JAVA_OPTIONS = "-Xmx320m -XX:TieredStopAtLevel=1";

    private final String name;
    private final URI address;
    private final Path dataFolder;
    private final Path log;
    private final List<String> prefix;
    private final List<String> settings;
    private final Map<String, String> environment;
    private @Nullable Process process;

    /// @param prefix what comes before the command, such as `nsenter`
    RealNode(
            String name,
            URI address,
            Path dataFolder,
            Path log,
            List<String> prefix,
            List<String> settings,
            Map<String, String> environment) {
        this.name = name;
        this.address = address;
        this.dataFolder = dataFolder;
        this.log = log;
        this.prefix = List.copyOf(prefix);
        this.settings = List.copyOf(settings);
        this.environment = Map.copyOf(environment);
    }

    String name() {
        return name;
    }

    URI address() {
        return address;
    }

    Path dataFolder() {
        return dataFolder;
    }

    Path log() {
        return log;
    }

    /// Starts the process and does not wait for anything.
    void start(Path launcher) throws IOException {
        if (isAlive()) {
            throw new IllegalStateException(name + " runs already");
        }
        List<String> command = new ArrayList<>(prefix);
        command.add(launcher.toString());
        command.add("start");
        command.addAll(settings);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("MILLRACE_NO_AOT", "1"); // nothing is to go on in the background
        builder.environment().put("MILLRACE_JAVA_OPTS", JAVA_OPTIONS);
        builder.environment().putAll(environment);
        process = builder.start();
        process.getOutputStream().close();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    long pid() {
        return running().pid();
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException(name + " has not been started");
        }
        return process;
    }

    /// `kill -9`, and waits until it is gone; also when it is gone already.
    void kill() throws IOException, InterruptedException {
        if (process != null) {
            process.destroyForcibly();
            if (!process.waitFor(END_PATIENCE_S, TimeUnit.SECONDS)) {
                throw new IOException(name + " survived kill -9");
            }
        }
    }

    /// SIGTERM.
    ///
    /// @return whether it ended in time, and said that all was well
    boolean terminate() throws InterruptedException {
        if (!isAlive()) {
            return false;
        }
        running().destroy();
        if (!running().waitFor(END_PATIENCE_S, TimeUnit.SECONDS)) {
            running().destroyForcibly();
            return false;
        }
        return running().exitValue() == 0;
    }

    /// SIGSTOP; every thread has stopped when this returns.
    void freeze() throws IOException, InterruptedException {
        Shell.must("kill", "-STOP", String.valueOf(pid()));
        while (isAlive() && !isFrozen()) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }

    private boolean isFrozen() throws IOException {
        try (var tasks = Files.list(Path.of("/proc/" + pid() + "/task"))) {
            return tasks.allMatch(task -> {
                try {
                    return Files.readString(task.resolve("status")).contains("State:\tT");
                } catch (IOException threadEnded) {
                    return true;
                }
            });
        }
    }

    void thaw() throws IOException, InterruptedException {
        Shell.must("kill", "-CONT", String.valueOf(pid()));
    }

    /// The end of its log, for messages.
    String logTail() throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long start = Math.max(0, file.length() - LOG_TAIL_BYTES);
            byte[] tail = new byte[(int) (file.length() - start)];
            file.seek(start);
            file.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8);
        }
    }
}
