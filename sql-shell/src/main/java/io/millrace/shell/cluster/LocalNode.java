package io.millrace.shell.cluster;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// One node process, known by the process id in its folder.
///
/// ```
/// FOLDER/n1/data      everything it keeps
/// FOLDER/n1/node.log  what it says
/// FOLDER/n1/node.pid  its process: id and start
/// ```
public final class LocalNode {
    private static final long KILL_TIMEOUT_S = 10;
    private static final long POLL_MS = 20;
    private static final long UNKNOWN = -1;
    private static final String DATA_DIR = "--data-dir";
    /// The system computes starts from its clock, which may have been set since.
    private static final long CLOCK_STEP_MS = 2000;

    private final String id;
    private final Path folder;
    private final URI http;
    private final String launcher;
    private final List<String> options;

    /// @param http where it is reached
    /// @param options of the node's command line, beside its folder
    LocalNode(String id, Path folder, URI http, String launcher, List<String> options) {
        this.id = id;
        this.folder = folder;
        this.http = http;
        this.launcher = launcher;
        this.options = List.copyOf(options);
    }

    public String id() {
        return id;
    }

    public URI http() {
        return http;
    }

    public Path log() {
        return folder.resolve("node.log");
    }

    private Path data() {
        return folder.resolve("data").toAbsolutePath().normalize();
    }

    /// Starts the process; it outlives this one. Waits for the one before, when that is still ending, because
    /// it has the folder and the ports.
    public void start() throws IOException, InterruptedException {
        Optional<ProcessHandle> before = known();
        if (before.isPresent() && !awaitEnd(before.get(), KILL_TIMEOUT_S)) {
            throw new IOException("process %d, which has been ending for %d s, still has the folder of node %s"
                    .formatted(before.get().pid(), KILL_TIMEOUT_S, id));
        }
        Files.createDirectories(folder);
        List<String> command = new ArrayList<>(List.of(launcher, "start", DATA_DIR, data().toString()));
        command.addAll(options);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Map<String, String> environment = builder.environment();
        // what was set for another node must not reach these
        environment
                .keySet()
                .removeIf(name -> name.startsWith("RF_")
                        || name.startsWith("MILLRACE_CLUSTER_")
                        || name.startsWith("MILLRACE_RAFT_")
                        || name.startsWith("MILLRACE_TLS_")
                        || name.equals("MILLRACE_PORT")
                        || name.equals("MILLRACE_DATA_DIR")
                        || name.equals("MILLRACE_CONFIG"));
        ProcessHandle process = builder.start().toHandle();
        long since = process.info().startInstant().map(Instant::toEpochMilli).orElse(UNKNOWN);
        Files.writeString(folder.resolve("node.pid"), process.pid() + " " + since + "\n");
    }

    /// The process that runs this node's folder. One that is ending does not, and neither does a stranger that
    /// was given its number meanwhile.
    public Optional<ProcessHandle> process() {
        return known().filter(process -> ProcessLife.of(process) == ProcessLife.RUNNING);
    }

    /// The same, also while it is ending.
    private Optional<ProcessHandle> known() {
        try {
            String[] words =
                    Files.readString(folder.resolve("node.pid")).strip().split(" ", -1);
            if (words.length != 2) {
                return Optional.empty();
            }
            long since = Long.parseLong(words[1]);
            return ProcessHandle.of(Long.parseLong(words[0]))
                    .filter(process -> ProcessLife.of(process) != ProcessLife.ENDED)
                    .filter(process -> isOurs(process, since));
        } catch (IOException | NumberFormatException never) {
            return Optional.empty();
        }
    }

    /// By the folder that it was told; where nobody says what that was, by its start, which does not change
    /// when the launcher becomes the node.
    private boolean isOurs(ProcessHandle process, long since) {
        List<String> words = ProcessLife.commandLine(process);
        if (words.isEmpty()) {
            return process.info()
                    .startInstant()
                    .filter(start -> Math.abs(start.toEpochMilli() - since) < CLOCK_STEP_MS)
                    .isPresent();
        }
        int option = words.indexOf(DATA_DIR);
        return option >= 0 && option + 1 < words.size() && words.get(option + 1).equals(asSeen(data().toString()));
    }

    /// Command lines are read as bytes.
    private static String asSeen(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    public boolean isRunning() {
        return process().isPresent();
    }

    /// SIGTERM, and waits.
    ///
    /// @return whether it stopped in time
    boolean stop(ProcessHandle process, long timeoutSeconds) throws InterruptedException {
        process.destroy();
        return awaitEnd(process, timeoutSeconds);
    }

    /// `kill -9`.
    ///
    /// @return whether there was something to kill
    public boolean kill() throws InterruptedException {
        Optional<ProcessHandle> process = process();
        if (process.isEmpty()) {
            return false;
        }
        process.get().destroyForcibly();
        if (!awaitEnd(process.get(), KILL_TIMEOUT_S)) {
            throw new IllegalStateException("process " + process.get().pid() + " survived kill -9");
        }
        return true;
    }

    /// Looks itself, because the JDK waits until the parent has taken note.
    private static boolean awaitEnd(ProcessHandle process, long timeoutSeconds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds);
        while (ProcessLife.of(process) != ProcessLife.ENDED) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MS);
        }
        return true;
    }

    /// The newest lines of its log.
    List<String> lastWords(int count) {
        try {
            List<String> lines = Files.readAllLines(log(), StandardCharsets.UTF_8);
            return lines.subList(Math.max(0, lines.size() - count), lines.size());
        } catch (IOException none) {
            return List.of();
        }
    }
}
