package io.millrace.http.ingest;

import io.millrace.replication.Topic;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;

/// Which partition a record goes to: FNV-1a (64 bit) of its key, or for records without one the partition that
/// its topic sticks to for a while, so that batches form.
///
/// Threading: any thread; a topic's state is guarded by itself and held for nanoseconds.
final class Routing {
    static final int STICK_RECORDS = 128;
    private static final long STICK_BYTES = 256 << 10;
    private static final long STICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int TOPICS_MAX = 10_000;
    private static final long FNV_BASIS = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private final Map<Long, Sticky> topics = new ConcurrentHashMap<>();

    private static final class Sticky {
        private int partition;
        private int records;
        private long bytes;
        private long sinceNanos = System.nanoTime();
    }

    /// FNV-1a, 64 bit.
    static long hash(byte[] bytes, int start, int length) {
        long hash = FNV_BASIS;
        for (int i = start; i < start + length; i++) {
            hash = (hash ^ (bytes[i] & 0xFF)) * FNV_PRIME;
        }
        return hash;
    }

    static int ofKey(byte[] key, int start, int length, int partitions) {
        return (int) Long.remainderUnsigned(hash(key, start, length), partitions);
    }

    /// The topic's partition of the moment, which takes these records.
    ///
    /// @param preferred asked when another partition's turn has come; those for which it is false are left
    ///     out while there are others
    int sticky(Topic topic, int records, long bytes, IntPredicate preferred) {
        Sticky sticky = topics.get(topic.id());
        if (sticky == null) {
            if (topics.size() >= TOPICS_MAX) {
                topics.clear(); // ids of topics that are long gone; the others begin anew, which does no harm
            }
            sticky = topics.computeIfAbsent(topic.id(), id -> new Sticky());
        }
        synchronized (sticky) {
            long now = System.nanoTime();
            if (sticky.records >= STICK_RECORDS
                    || sticky.bytes >= STICK_BYTES
                    || (sticky.records > 0 && now - sticky.sinceNanos >= STICK_NANOS)) {
                sticky.partition = next(sticky.partition, topic.partitions(), preferred);
                sticky.records = 0;
                sticky.bytes = 0;
                sticky.sinceNanos = now;
            }
            if (sticky.records == 0 && !preferred.test(sticky.partition)) {
                sticky.partition = next(sticky.partition, topic.partitions(), preferred);
            }
            sticky.records += records;
            sticky.bytes += bytes;
            return sticky.partition;
        }
    }

    private static int next(int partition, int partitions, IntPredicate preferred) {
        for (int further = 1; further <= partitions; further++) {
            int candidate = (partition + further) % partitions;
            if (preferred.test(candidate)) {
                return candidate;
            }
        }
        return (partition + 1) % partitions;
    }
}
