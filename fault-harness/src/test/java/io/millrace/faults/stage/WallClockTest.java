package io.millrace.faults.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With a JVM as the process, because that is what a node is.
class WallClockTest {
    private static final long AHEAD_S = 7_200;
    private static final Duration SLACK = Duration.ofMinutes(5); // of a loaded machine

    @TempDir
    Path folder;

    /// Prints its wall clock, waits in four ways and prints how long that took, once for each line that it
    /// reads.
    static final class Child {
        private static final long WAIT_MS = 50;

        private Child() {}

        public static void main(String[] arguments) throws Exception {
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (lines.readLine() != null) {
                long begin = System.nanoTime();
                long clockMs = System.currentTimeMillis();
                Instant now = Instant.now();
                TimeUnit.MILLISECONDS.sleep(WAIT_MS);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WAIT_MS));
                LockSupport.parkUntil(System.currentTimeMillis() + WAIT_MS);
                Object monitor = new Object();
                synchronized (monitor) {
                    monitor.wait(WAIT_MS);
                }
                System.out.println(clockMs + " " + now.toEpochMilli() + " "
                        + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
            }
        }
    }

    @Test
    @Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void theWallClockMovesAndWaitsTakeAsLongAsEver() throws IOException, InterruptedException {
        assumeThat(Shell.has("cc")).as("a C compiler").isTrue();
        WallClock clock = WallClock.make(folder, "child");
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName());
        builder.environment().putAll(clock.environment());
        Process child = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader answers = child.inputReader(StandardCharsets.UTF_8)) {
            for (long ahead : new long[] {0, AHEAD_S, -AHEAD_S, 0}) {
                clock.set(ahead);
                child.outputWriter().write("go\n");
                child.outputWriter().flush();
                String answer = answers.readLine();
                assertThat(answer).as("answer of the child at %d s", ahead).isNotNull();
                String[] said = answer.split(" ", -1);
                long expectedMs = System.currentTimeMillis() + TimeUnit.SECONDS.toMillis(ahead);
                assertThat(Long.parseLong(said[0]))
                        .as("currentTimeMillis at %d s", ahead)
                        .isBetween(expectedMs - SLACK.toMillis(), expectedMs);
                assertThat(Long.parseLong(said[1]))
                        .as("Instant.now at %d s", ahead)
                        .isBetween(expectedMs - SLACK.toMillis(), expectedMs);
                // four waits; with a clock that is taken for the other one they take nothing, or hours
                assertThat(Long.parseLong(said[2]))
                        .as("milliseconds of four waits at %d s", ahead)
                        .isBetween(3 * Child.WAIT_MS, SLACK.toMillis());
            }
        } finally {
            child.destroyForcibly();
        }
    }
}
