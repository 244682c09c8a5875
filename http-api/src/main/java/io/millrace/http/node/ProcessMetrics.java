package io.millrace.http.node;

import io.millrace.http.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the process itself uses.
final class ProcessMetrics {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long START_NANOS = System.nanoTime();

    private ProcessMetrics() {}

    static void register(Metrics metrics) {
        Runtime runtime = Runtime.getRuntime();
        metrics.gauge(
                "process_uptime_seconds", "Since the node started", () -> (System.nanoTime() - START_NANOS) / 1e9);
        metrics.gauge(
                "process_heap_used_bytes",
                "Heap in use, garbage included",
                () -> runtime.totalMemory() - runtime.freeMemory());
        metrics.gauge("process_heap_max_bytes", "Largest heap", runtime::maxMemory);
        metrics.gauge(
                "process_resident_bytes", "Memory of the process; 0 where the system does not tell", () -> resident());
    }

    private static long resident() {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
        } catch (IOException notLinux) {
            return 0;
        }
        return 0;
    }
}
