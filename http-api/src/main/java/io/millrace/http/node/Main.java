package io.millrace.http.node;

import io.millrace.http.route.Suggestions;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The node's command line: `start`, `config`, `train`, `version`.
///
/// Options are the settings themselves, so that they are read without a library of their own: it would cost a
/// start more than the rest of this class.
public final class Main {
    private static final int OK = 0;
    private static final int FAILED = 1;
    private static final int USAGE = 2;
    private static final List<String> COMMANDS = List.of("start", "config", "train", "version", "help");

    private Main() {}

    public static void main(String[] arguments) {
        int code = run(arguments, System.getenv(), System.out, System.err);
        // not the end of this method: some library's thread may not be a daemon. Not a halt: an AOT cache is
        // written on the way out
        System.exit(code);
    }

    /// @return the process's exit code
    static int run(String[] arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
        String command = arguments.length == 0 ? "help" : arguments[0];
        List<String> rest =
                arguments.length == 0 ? List.of() : Arrays.asList(arguments).subList(1, arguments.length);
        if (rest.contains("--help") || rest.contains("-h")) {
            command = "help";
        }
        try {
            return switch (command) {
                case "start" -> start(Settings.read(rest, environment), out);
                case "config" -> {
                    out.print(Settings.read(rest, environment).describe());
                    yield OK;
                }
                case "train" -> Training.run(out);
                case "version", "--version" -> {
                    out.println("millrace " + version());
                    yield OK;
                }
                case "help", "--help", "-h" -> {
                    help(out);
                    yield OK;
                }
                default ->
                    throw new UsageException(
                            "There is no command '" + command + "'." + Suggestions.didYouMean(command, COMMANDS));
            };
        } catch (UsageException mistake) {
            err.println("millrace: " + mistake.getMessage());
            return USAGE;
        } catch (IOException failed) {
            err.println("millrace: " + failed.getMessage());
            return FAILED;
        }
    }

    private static int start(Settings settings, PrintStream out) throws IOException, UsageException {
        LogConfigurator.json(settings.text(Setting.LOG_FORMAT).equals("json"));
        Logger log = LoggerFactory.getLogger(Main.class);
        LogConfigurator.level(settings.text(Setting.LOG_LEVEL));
        Node node = Node.start(settings);
        CountDownLatch stopped = new CountDownLatch(1);
        AtomicBoolean stopping = new AtomicBoolean();
        AtomicBoolean broken = new AtomicBoolean();
        warnOfSize(settings, log);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> {
                    stopping.set(true);
                    boolean drained = stop(node, log);
                    stopped.countDown();
                    // a hook cannot change the exit code otherwise, and SIGTERM would make it 143
                    Runtime.getRuntime().halt(drained && !broken.get() ? OK : FAILED);
                }));
        if (settings.text(Setting.TOKENS).isBlank()) {
            log.atWarn().log("no tokens are set: everybody on this machine may do everything");
        }
        out.println("listening on " + node.address());
        out.flush();
        try {
            node.started().get();
            log.atInfo()
                    .addKeyValue("address", node.address())
                    .addKeyValue("dataDir", settings.text(Setting.DATA_DIR))
                    .log("node is ready");
            stopped.await();
        } catch (ExecutionException failed) {
            if (stopping.get()) {
                awaitUninterruptibly(stopped);
                return OK;
            }
            broken.set(true);
            stop(node, log);
            switch (failed.getCause()) {
                case IOException disk -> throw disk;
                case UsageException mistake -> throw mistake;
                case null, default -> throw new IllegalStateException("the node could not start", failed.getCause());
            }
        } catch (InterruptedException interrupted) {
            return stop(node, log) ? OK : FAILED;
        }
        return OK;
    }

    private static void warnOfSize(Settings settings, Logger log) throws UsageException {
        int nodes = settings.cluster().nodes().size();
        if (nodes > 0 && nodes % 2 == 0) {
            log.atWarn()
                    .log(
                            "{} nodes survive the loss of {}, as {} do; use an odd number",
                            nodes,
                            (nodes - 1) / 2,
                            nodes - 1);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (true) {
            try {
                latch.await();
                return;
            } catch (InterruptedException again) {
                // the process ends with the hook that counts down
            }
        }
    }

    private static boolean stop(Node node, Logger log) {
        log.atInfo().log("node is stopping");
        boolean drained = node.stop();
        log.atInfo().addKeyValue("drained", drained).log("node has stopped");
        return drained;
    }

    private static @Nullable String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    private static void help(PrintStream out) {
        out.println("""
                Usage: millrace start [--port 1109] [--data-dir data] [--host 127.0.0.1] [--config millrace.toml] …
                       millrace config          every setting, its value and where it came from
                       millrace version

                Settings (command line > environment > file > default):""");
        for (Setting setting : Setting.values()) {
            out.printf("  --%-28s %s [%s]%n", setting.key(), setting.help(), setting.standard());
        }
    }
}
