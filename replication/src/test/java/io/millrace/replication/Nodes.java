package io.millrace.replication;

import io.millrace.log.LogSettings;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.LocalDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// What the tests of whole nodes share.
public final class Nodes {
    /// Far more than anything here takes on a busy machine, and less than what would be taken for a hang.
    static final long PATIENCE_S = 60;

    private Nodes() {}

    /// Something that comes true, and that may fail until then.
    public interface Condition {
        boolean holds() throws Exception;
    }

    /// Small segments, so that few records cross their ends; no free-space floor, so that a full test machine
    /// does not matter.
    public static ReplicationSettings settings(Path folder) {
        Member self = new Member("n1", "", "127.0.0.1:0", "");
        return new ReplicationSettings(
                self,
                List.of(self),
                folder,
                1,
                new LogSettings(64 << 10, 4096),
                4 << 20,
                64L << 20,
                256L << 20,
                Duration.ofSeconds(60),
                0,
                Duration.ofMinutes(10),
                1_000_000,
                Duration.ofSeconds(20));
    }

    public static ReplicationSettings withRequestTimeout(ReplicationSettings node, Duration timeout) {
        return with(node, node.freeBytesMin(), timeout);
    }

    public static ReplicationSettings withFreeBytesMin(ReplicationSettings node, long freeBytesMin) {
        return with(node, freeBytesMin, node.requestTimeout());
    }

    private static ReplicationSettings with(ReplicationSettings node, long freeBytesMin, Duration timeout) {
        return new ReplicationSettings(
                node.self(),
                node.members(),
                node.dataFolder(),
                node.groups(),
                node.log(),
                node.entryBytesMax(),
                node.pendingBytesMax(),
                node.snapshotBytes(),
                node.snapshotInterval(),
                freeBytesMin,
                node.idempotencyWindow(),
                node.idempotencyKeysMax(),
                timeout);
    }

    public static ReplicatedLog open(Path folder) throws IOException {
        return ReplicatedLogs.open(settings(folder), new LocalDisk(), InstantSource.system());
    }

    public static TopicSettings partitions(int count) {
        return new TopicSettings(count, 0, Retention.FOREVER, TopicSettings.Cleanup.DELETE, Map.of());
    }

    public static RecordBuffer records(String... values) {
        RecordBuffer records = new RecordBuffer();
        for (String value : values) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            records.add(1_000, null, 0, -1, bytes, 0, bytes.length, List.of());
        }
        return records;
    }

    public static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE_S, TimeUnit.SECONDS);
    }

    public static AppendOutcome append(ReplicatedLog log, String topic, int partition, String... values)
            throws Exception {
        return get(log.append(AppendRequest.of(topic, partition, records(values))));
    }

    public static long offset(AppendOutcome outcome) {
        if (outcome instanceof AppendOutcome.Appended appended) {
            return appended.firstOffset();
        }
        throw new AssertionError("expected an append, got " + outcome);
    }

    public static List<String> values(PartitionLog log) throws IOException {
        List<String> values = new ArrayList<>();
        long expected = log.earliestOffset();
        try (RecordReader reader = log.reader(expected)) {
            while (reader.fill(Long.MAX_VALUE, 1 << 20)) {
                while (reader.next()) {
                    if (reader.offset() != expected++) {
                        throw new AssertionError(
                                "expected offset %d, read %d".formatted(expected - 1, reader.offset()));
                    }
                    values.add(new String(
                            reader.bytes(), reader.valueStart(), reader.valueLength(), StandardCharsets.UTF_8));
                }
            }
        }
        return values;
    }

    /// Polls until `condition` holds. One that throws does not hold yet: nobody may lead, a node may be closing,
    /// a state may be about to be swapped.
    public static void await(String what, Condition condition) {
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
