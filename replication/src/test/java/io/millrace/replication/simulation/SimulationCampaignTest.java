package io.millrace.replication.simulation;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// As many schedules as there is time for:
///
/// ```
/// ./mvnw -Pcampaign -pl replication -am test -Dtest=SimulationCampaignTest \
///     -Dsurefire.failIfNoSpecifiedTests=false -Dmillrace.seeds=100000 -Dmillrace.firstSeed=0
/// ```
///
/// The first seed that fails ends it, with its schedule. `-Dmillrace.threads` run at the same time; no two of them
/// share anything.
@Tag("campaign")
class SimulationCampaignTest {
    private static final int REPORTED_SEEDS = 5_000;

    private final AtomicLong next = new AtomicLong(Long.getLong("millrace.firstSeed", 0));
    private final long end = next.get() + Long.getLong("millrace.seeds", 100_000);
    private final AtomicLong done = new AtomicLong();
    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong faults = new AtomicLong();
    private final AtomicLong installs = new AtomicLong();
    private final AtomicLong wipes = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final long startedNanos = System.nanoTime();

    @Test
    void noneOfVeryManySchedulesBreaksAnything() throws InterruptedException {
        Quiet.on();
        try {
            Thread[] threads = new Thread[Integer.getInteger("millrace.threads", 1)];
            for (int i = 0; i < threads.length; i++) {
                threads[i] = new Thread(this::run, "simulation-" + i);
                threads[i].start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
        } finally {
            Quiet.off();
        }
        report();
        Throwable found = failure.get();
        if (found != null) {
            throw new AssertionError(found.getMessage(), found);
        }
    }

    private void run() {
        for (long seed = next.getAndIncrement(); seed < end && failure.get() == null; seed = next.getAndIncrement()) {
            try {
                Simulation.Summary summary = Simulation.runAndTell(seed, Parts.GOOD);
                entries.addAndGet(summary.entries());
                acknowledged.addAndGet(summary.acknowledged());
                faults.addAndGet(summary.faults());
                installs.addAndGet(summary.installs());
                wipes.addAndGet(summary.wipes());
            } catch (RuntimeException | AssertionError e) {
                failure.compareAndSet(null, e instanceof AssertionError ? e : new AssertionError("seed " + seed, e));
                return;
            }
            if (done.incrementAndGet() % REPORTED_SEEDS == 0) {
                report();
            }
        }
    }

    private void report() {
        double seconds = (System.nanoTime() - startedNanos) / 1e9;
        System.out.printf(
                "%d seeds in %.0f s (%.1f/s): %d entries, %d appends acknowledged, %d faults, %d copies, %d lost disks%n",
                done.get(),
                seconds,
                done.get() / seconds,
                entries.get(),
                acknowledged.get(),
                faults.get(),
                installs.get(),
                wipes.get());
    }
}
