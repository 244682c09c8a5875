package io.millrace.faults.stage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Changes what `fsync` and `fdatasync` do in a running process.
///
/// @see <a href="https://man7.org/linux/man-pages/man1/strace.1.html">strace, "Tampering"</a>
public final class Tracer implements AutoCloseable {
    private static final long PATIENCE_MS = 10_000;

    private final Process strace;

    private Tracer(Process strace) {
        this.strace = strace;
    }

    /// @param injection in the words of strace: `error=EIO`, `retval=0`, `delay_exit=200000`
    static Tracer attach(long pid, String injection, Path log) throws IOException, InterruptedException {
        Process strace = new ProcessBuilder(List.of(
                        "strace",
                        "-f",
                        "-p",
                        String.valueOf(pid),
                        "-e",
                        "trace=fsync,fdatasync",
                        "-e",
                        "inject=fsync,fdatasync:" + injection,
                        "-o",
                        "/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (!isTraced(pid)) {
            if (!strace.isAlive() || System.nanoTime() > deadline) {
                strace.destroy();
                throw new IOException("strace could not attach to process " + pid + ": " + Files.readString(log));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        return new Tracer(strace);
    }

    /// Whether each of its threads is.
    private static boolean isTraced(long pid) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            return tasks.allMatch(task -> {
                try {
                    return !Files.readString(task.resolve("status")).contains("TracerPid:\t0\n");
                } catch (IOException threadEnded) {
                    return true;
                }
            });
        }
    }

    /// Lets go; the process goes on as if nothing had been.
    @Override
    public void close() throws InterruptedException {
        strace.destroy();
        if (!strace.waitFor(PATIENCE_MS, TimeUnit.MILLISECONDS)) {
            strace.destroyForcibly();
        }
    }
}
