package io.millrace.http.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Nodes for tests: real ones, small limits, short times.
final class TestNodes {
    private TestNodes() {}

    static Node start(Path folder, String... options) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("port", "0");
        settings.put("data-dir", folder.toString());
        settings.put("log-level", "warn");
        settings.put("log.free-bytes-min", "0");
        for (int i = 0; i < options.length; i += 2) {
            settings.put(options[i], options[i + 1]);
        }
        return Node.start(settings);
    }

    static void await(String what, BooleanSupplier condition) {
        await(20, what, condition);
    }

    static void await(long seconds, String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("did not happen within " + seconds + " s: " + what);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }
}
