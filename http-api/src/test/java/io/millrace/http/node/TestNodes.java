package io.millrace.http.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Nodes for tests: real ones, small limits, short times.
final class TestNodes {
    /// Elections and joining take seconds on a busy machine.
    static final long PATIENCE_S = 90;

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

    /// Something that comes true, and that may fail until then.
    interface Condition {
        boolean holds() throws Exception;
    }

    /// Polls until `condition` holds. One that throws does not hold yet: a node may refuse connections, or close them.
    static void await(String what, Condition condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (true) {
            Exception failure = failureOf(condition);
            if (failure == null) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("did not happen within %d s: %s".formatted(PATIENCE_S, what), failure);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static @Nullable Exception failureOf(Condition condition) {
        try {
            return condition.holds() ? null : new IllegalStateException("the condition is false");
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        } catch (Exception e) {
            return e;
        }
    }
}
