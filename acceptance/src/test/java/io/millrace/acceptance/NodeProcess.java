package io.millrace.acceptance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A node started as a user would: `./millrace start`.
final class NodeProcess implements AutoCloseable {
    static final Path ROOT = Path.of(System.getProperty("millrace.root"));
    private static final String LISTENING = "listening on ";
    private static final long STOP_TIMEOUT_S = 60;

    private final Process process;
    private final URI address;
    private final long startedInMs;

    private NodeProcess(Process process, URI address, long startedInMs) {
        this.process = process;
        this.address = address;
        this.startedInMs = startedInMs;
    }

    /// Starts a node on a free port and waits until it says that it listens.
    ///
    /// @param options further ones, `--key` and value by turns
    static NodeProcess start(Path dataFolder, Path log, String... options) throws IOException {
        long begin = System.nanoTime();
        List<String> command = new ArrayList<>(List.of(
                ROOT.resolve("millrace").toString(), "start", "--port", "0", "--data-dir", dataFolder.toString()));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command)
                .directory(ROOT.toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line;
        while ((line = output.readLine()) != null) {
            if (line.startsWith(LISTENING)) {
                URI address = URI.create(line.substring(LISTENING.length()).strip());
                Thread.ofVirtual().start(() -> drain(output));
                return new NodeProcess(process, address, (System.nanoTime() - begin) / 1_000_000);
            }
        }
        throw new IOException("the node ended before it listened; its log:\n" + Files.readString(log));
    }

    private static void drain(BufferedReader output) {
        try {
            output.transferTo(java.io.Writer.nullWriter());
        } catch (IOException closed) {
            throw new UncheckedIOException(closed);
        }
    }

    URI address() {
        return address;
    }

    long startedInMs() {
        return startedInMs;
    }

    long pid() {
        return process.pid();
    }

    /// `kill -9`, and waits until the process is gone.
    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
            throw new IllegalStateException("process " + process.pid() + " survived kill -9");
        }
    }

    /// SIGTERM; returns the exit code.
    int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("the node did not stop within " + STOP_TIMEOUT_S + " s of SIGTERM");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
