package io.millrace.faults.stage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Linux namespaces of our own for network, mounts and processes.
///
/// The harness starts itself once more inside them. When that process ends, even by `kill -9`, the kernel ends
/// the nodes, unmounts the disks and removes the networks: nothing can be left behind.
public final class Sandbox {
    private static final String INSIDE = "millrace.faults.sandbox";
    private static final List<String> ENTER = List.of(
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "private");

    private Sandbox() {}

    public static boolean isInside() {
        return Boolean.getBoolean(INSIDE);
    }

    /// Why there can be no sandbox; empty when there can.
    public static String obstacle() throws InterruptedException {
        if (!Shell.has("unshare") || !Shell.has("nsenter")) {
            return "needs unshare and nsenter (util-linux)";
        }
        List<String> probe = new ArrayList<>(ENTER);
        probe.add("true");
        try {
            return Shell.run(probe).exitCode() == 0 ? "" : "needs root: the kernel gives no namespaces to this user";
        } catch (IOException failed) {
            return failed.toString();
        }
    }

    /// Runs this program again, inside, and waits for its end.
    ///
    /// @return its exit code
    public static int enter(Class<?> main, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(ENTER);
        command.addAll(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-Xlog:disable",
                "-XX:+UseSerialGC",
                "-Xmx1g",
                "-D" + INSIDE + "=true",
                "-Dmillrace.root=" + System.getProperty("millrace.root", ""),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        Process inside = new ProcessBuilder(command).inheritIO().start();
        // SIGTERM ends this JVM, and with it unshare: the rest follows
        Runtime.getRuntime().addShutdownHook(new Thread(inside::destroyForcibly));
        return inside.waitFor();
    }
}
