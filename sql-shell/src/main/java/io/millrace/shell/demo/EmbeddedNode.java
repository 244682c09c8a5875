package io.millrace.shell.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A node as a child process, in a folder that goes with it.
///
/// The launcher starts it on a free port, and the node says `listening on http://HOST:PORT` on its standard
/// output. It is stopped and its folder removed by [#close], or when this process ends in any orderly way,
/// Ctrl-C included.
final class EmbeddedNode implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("listening on (https?://\\S+)");
    private static final long START_TIMEOUT_S = 60;
    private static final long STOP_TIMEOUT_S = 10;

    private final Path folder;
    private final Process process;
    private final Thread hook;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final URI uri;

    private EmbeddedNode(Path folder, Process process, Thread hook, URI uri) {
        this.folder = folder;
        this.process = process;
        this.hook = hook;
        this.uri = uri;
    }

    static EmbeddedNode start(String launcher) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("millrace-demo-");
        Path log = folder.resolve("node.log");
        Process process = new ProcessBuilder(
                        launcher,
                        "start",
                        "--port",
                        "0",
                        "--data-dir",
                        folder.resolve("data").toString())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        Thread hook = new Thread(() -> stop(process, folder), "millrace-demo-stop");
        Runtime.getRuntime().addShutdownHook(hook);
        CompletableFuture<URI> listening = new CompletableFuture<>();
        Thread _ = Thread.ofVirtual().name("millrace-demo-node").start(() -> copy(process, log, listening));
        try {
            return new EmbeddedNode(folder, process, hook, listening.get(START_TIMEOUT_S, TimeUnit.SECONDS));
        } catch (TimeoutException | ExecutionException failed) {
            String reason = failed instanceof TimeoutException
                    ? "it did not say where it listens within " + START_TIMEOUT_S + " s"
                    : "it ended by itself";
            String said = tail(log);
            Runtime.getRuntime().removeShutdownHook(hook);
            stop(process, folder);
            throw new IOException("The node did not start: " + reason + (said.isBlank() ? "" : "\n" + said), failed);
        } catch (InterruptedException interrupted) {
            Runtime.getRuntime().removeShutdownHook(hook);
            stop(process, folder);
            throw interrupted;
        }
    }

    /// Copies what the node says into its log, and finds out where it listens.
    private static void copy(Process process, Path log, CompletableFuture<URI> listening) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
                Writer out = Files.newBufferedWriter(log)) {
            String line = lines.readLine();
            while (line != null) {
                out.write(line);
                out.write('\n');
                out.flush();
                Matcher matcher = LISTENING.matcher(line);
                if (matcher.find()) {
                    listening.complete(URI.create(matcher.group(1)));
                }
                line = lines.readLine();
            }
        } catch (IOException gone) {
            // the process ended, or its folder was removed: both mean the end of the demo
        }
        boolean _ = listening.completeExceptionally(new IOException("the node ended"));
    }

    private static String tail(Path log) {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(Files.newInputStream(log), StandardCharsets.UTF_8))) {
            return String.join(
                    "\n",
                    lines.lines().toList().reversed().stream()
                            .limit(15)
                            .toList()
                            .reversed());
        } catch (IOException none) {
            return "";
        }
    }

    URI uri() {
        return uri;
    }

    Path folder() {
        return folder;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException shuttingDown) {
                return; // the hook is at it
            }
            stop(process, folder);
        }
    }

    private static void stop(Process process, Path folder) {
        process.destroy();
        try {
            if (!process.waitFor(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException hurry) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try {
            remove(folder);
        } catch (IOException left) {
            System.err.println("Cannot remove " + folder + ": " + left.getMessage());
        }
    }

    private static void remove(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                    Path directory, @org.jspecify.annotations.Nullable IOException failure) throws IOException {
                Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
