package io.millrace.replication.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// Failing disks by the thousand are not worth a line each.
final class Quiet {
    private static @Nullable Level before;

    private Quiet() {}

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("io.millrace");
    }

    static void on() {
        before = logger().getLevel();
        logger().setLevel(Level.OFF);
    }

    static void off() {
        logger().setLevel(before);
    }
}
