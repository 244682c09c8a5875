package io.millrace.replication;

import io.millrace.log.RecordBuffer;
import io.millrace.log.disk.LocalDisk;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/// Durable single appends per second of one node, closed loop.
///
/// `java … io.millrace.replication.AppendRate FOLDER SECONDS VALUE_BYTES OUTSTANDING…`
public final class AppendRate {
    private AppendRate() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createTempDirectory(Path.of(arguments[0]), "append-rate");
        long seconds = Long.parseLong(arguments[1]);
        int valueBytes = Integer.parseInt(arguments[2]);
        long opening = System.nanoTime();
        ReplicationSettings settings = ReplicationSettings.singleNode(folder, 0);
        try (ReplicatedLog log = ReplicatedLogs.open(settings, new LocalDisk(), InstantSource.system())) {
            log.createTopic("t", Nodes.partitions(8)).get();
            System.out.printf("first decision after %.0f ms%n", (System.nanoTime() - opening) / 1e6);
            for (int round = 3; round < arguments.length; round++) {
                run(log, Integer.parseInt(arguments[round]), seconds, valueBytes);
            }
        }
    }

    private static void run(ReplicatedLog log, int outstanding, long seconds, int valueBytes) throws Exception {
        long[] latencies = new long[1 << 22];
        AtomicLong done = new AtomicLong();
        double entries = log.metrics().getOrDefault("replication_entries_total", 0.0);
        long end = System.nanoTime() + seconds * 1_000_000_000;
        long begin = System.nanoTime();
        CountDownLatch idle = new CountDownLatch(outstanding);
        for (int i = 0; i < outstanding; i++) {
            new Loop(log, i % 8, new byte[valueBytes], latencies, done, end, idle).send();
        }
        idle.await();
        double elapsed = (System.nanoTime() - begin) / 1e9;
        int count = (int) Math.min(done.get(), latencies.length);
        Arrays.sort(latencies, 0, count);
        System.out.printf(
                "outstanding %d: %.0f/s, p50 %.2f ms, p99 %.2f ms, %.1f requests an entry, %.0f entries/s%n",
                outstanding,
                done.get() / elapsed,
                latencies[count / 2] / 1e6,
                latencies[(int) (count * 0.99)] / 1e6,
                done.get() / (log.metrics().getOrDefault("replication_entries_total", 0.0) - entries),
                (log.metrics().getOrDefault("replication_entries_total", 0.0) - entries) / elapsed);
    }

    private record Loop(
            ReplicatedLog log,
            int partition,
            byte[] value,
            long[] latencies,
            AtomicLong done,
            long end,
            CountDownLatch idle) {
        void send() {
            long begin = System.nanoTime();
            if (begin > end) {
                idle.countDown();
                return;
            }
            RecordBuffer records = new RecordBuffer();
            records.add(1, null, 0, -1, value, 0, value.length, List.of());
            log.append(AppendRequest.of("t", partition, records)).whenComplete((outcome, failure) -> {
                if (!(outcome instanceof AppendOutcome.Appended)) {
                    System.out.println("unexpected: " + outcome + " " + failure);
                    idle.countDown();
                    return;
                }
                int slot = (int) done.getAndIncrement();
                if (slot < latencies.length) {
                    latencies[slot] = System.nanoTime() - begin;
                }
                send();
            });
        }
    }
}
