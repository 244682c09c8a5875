package io.millrace.query.worker;

import io.millrace.log.BatchWriter;
import io.millrace.log.Compression;
import io.millrace.log.LogSettings;
import io.millrace.log.LogStore;
import io.millrace.log.PartitionLog;
import io.millrace.log.RecordBuffer;
import io.millrace.log.RecordReader;
import io.millrace.log.disk.LocalDisk;
import io.millrace.query.CatalogPort;
import io.millrace.query.InputPort;
import io.millrace.query.OutputException;
import io.millrace.query.OutputPort;
import io.millrace.query.SqlException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// Topics in a folder, without replication: every port of the engine, and a way to write records.
final class LocalTopics implements InputPort, OutputPort, CatalogPort, AutoCloseable {
    private final Path folder;
    private final Map<String, List<PartitionLog>> topics = new ConcurrentSkipListMap<>();
    private final Map<String, String> definitions = new ConcurrentSkipListMap<>();
    private final Map<String, Map<Integer, Stamp>> stamps = new ConcurrentSkipListMap<>();
    private final Map<String, Long> generations = new ConcurrentSkipListMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final BatchWriter writer = new BatchWriter(Compression.NONE);
    private final Map<String, Long> ids = new ConcurrentSkipListMap<>();
    private final Map<String, Note> notes = new ConcurrentSkipListMap<>();
    private int incarnations;
    private int appendsUntilCrash = Integer.MAX_VALUE; // guarded by this
    private boolean crashLosesTheAnswer; // guarded by this
    private @Nullable SplittableRandom trouble; // guarded by this
    private final List<Runnable> underWay = new ArrayList<>(); // appends that nobody has heard of again
    private volatile int appendBytesMax = 3 << 20;
    private volatile @Nullable String refusal;
    private volatile @Nullable String unheard;
    private int stampedAppends; // guarded by this

    LocalTopics(Path folder) {
        this.folder = folder;
    }

    /// Makes the n-th append of a query from now on fail, and every later one: the node is gone. The one that
    /// fails may have been written, and only its answer lost.
    synchronized void crashAtAppend(int number, boolean written) {
        appendsUntilCrash = number;
        crashLosesTheAnswer = written;
    }

    /// Makes appends of queries fail at random from now on: refused, or with an unknown outcome, done, not done, or
    /// done later. Null for none.
    synchronized void trouble(@Nullable SplittableRandom random) {
        trouble = random;
    }

    /// Refuses every write of a query with this reason; null for none.
    void refuse(@Nullable String reason) {
        refusal = reason;
    }

    /// A topic that exists and cannot be seen; null for none.
    void notHeardOf(@Nullable String topic) {
        unheard = topic;
    }

    void limitAppends(int bytes) {
        appendBytesMax = bytes;
    }

    /// Appends with a stamp that were done.
    synchronized int stampedAppends() {
        return stampedAppends;
    }

    /// Deletes what is below an offset, as retention does.
    void deleteBefore(String topic, int partition, long offset) throws IOException {
        log(topic, partition).raiseEarliest(offset);
    }

    synchronized void create(String name, int partitions) throws IOException {
        List<PartitionLog> logs = new ArrayList<>();
        long id = ++incarnations;
        for (int partition = 0; partition < partitions; partition++) {
            logs.add(new LogStore(new LocalDisk())
                    .open(folder.resolve(name + "-" + id + "-" + partition), LogSettings.DEFAULT, null));
        }
        ids.put(name, id);
        topics.put(name, logs);
    }

    void write(String topic, int partition, String... values) throws IOException {
        RecordBuffer records = new RecordBuffer();
        for (String value : values) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            records.add(1_000_000_000_000L, null, 0, -1, bytes, 0, bytes.length, List.of());
        }
        write(topic, partition, records);
    }

    synchronized long write(String topic, int partition, RecordBuffer records) throws IOException {
        PartitionLog log = log(topic, partition);
        ByteBuffer batch = ByteBuffer.allocate(BatchWriter.sizeBytesMax(records));
        writer.write(records, batch);
        long first = log.append(batch.flip(), 1);
        log.advanceHighWatermark(log.nextOffset());
        listeners.forEach(Runnable::run);
        return first;
    }

    private PartitionLog log(String topic, int partition) {
        return Objects.requireNonNull(topics.get(topic), topic).get(partition);
    }

    private long id(String topic) {
        return Objects.requireNonNull(ids.get(topic), topic);
    }

    @Override
    public Optional<InputTopic> topic(String name) {
        if (name.equals(unheard)) {
            throw new SqlException(NOT_READY, "nobody has told what '" + name + "' holds");
        }
        return Optional.ofNullable(topics.get(name)).map(logs -> new InputTopic(name, id(name), logs.size()));
    }

    @Override
    public List<InputTopic> topics() {
        return topics.entrySet().stream()
                .map(entry -> new InputTopic(
                        entry.getKey(), id(entry.getKey()), entry.getValue().size()))
                .toList();
    }

    @Override
    public RecordReader open(String topic, int partition, long fromOffset) throws IOException {
        return log(topic, partition).readerWithMarkers(fromOffset);
    }

    @Override
    public long earliestOffset(String topic, int partition) {
        return log(topic, partition).earliestOffset();
    }

    @Override
    public long endOffset(String topic, int partition) {
        return log(topic, partition).highWatermark();
    }

    @Override
    public long offsetAtTime(String topic, int partition, long timestampMs) throws IOException {
        return log(topic, partition).offsetAtTime(timestampMs);
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public CompletableFuture<@Nullable Void> createTopic(String topic, int partitions, boolean compacted) {
        try {
            if (!topics.containsKey(topic)) {
                create(topic, partitions);
            }
            return CompletableFuture.completedFuture(null);
        } catch (IOException failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    @Override
    public CompletableFuture<@Nullable Void> deleteTopic(String topic) {
        topics.remove(topic);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public int appendBytesMax() {
        return appendBytesMax;
    }

    @Override
    public synchronized CompletableFuture<Long> append(
            String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
        if (stamp == null) {
            return appendNow(topic, partition, records, null);
        }
        if (--appendsUntilCrash <= 0 && !(appendsUntilCrash == 0 && crashLosesTheAnswer)) {
            return CompletableFuture.failedFuture(new IllegalStateException("the node is gone"));
        }
        String reason = refusal;
        if (reason != null) {
            return failed(OutputException.Kind.REFUSED, reason);
        }
        SplittableRandom random = trouble;
        if (random != null && random.nextInt(3) == 0) {
            return switch (random.nextInt(4)) {
                case 0 -> failed(OutputException.Kind.REFUSED, "overloaded, on purpose");
                case 1 -> failed(OutputException.Kind.UNKNOWN, "not done, on purpose");
                case 2 -> {
                    underWay.add(() -> appendNow(topic, partition, records, stamp));
                    yield failed(OutputException.Kind.UNKNOWN, "done later, on purpose");
                }
                default -> {
                    CompletableFuture<Long> done = appendNow(topic, partition, records, stamp);
                    yield done.isCompletedExceptionally()
                            ? done
                            : failed(OutputException.Kind.UNKNOWN, "done, on purpose");
                }
            };
        }
        CompletableFuture<Long> done = appendNow(topic, partition, records, stamp);
        return appendsUntilCrash == 0 && !done.isCompletedExceptionally()
                ? CompletableFuture.failedFuture(new IllegalStateException("the node is gone, the answer lost"))
                : done;
    }

    private static <T> CompletableFuture<T> failed(OutputException.Kind kind, String why) {
        return CompletableFuture.failedFuture(new OutputException(kind, "write_failed", why));
    }

    private synchronized CompletableFuture<Long> appendNow(
            String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
        if (stamp != null && stamp.generation() != generations.getOrDefault(stamp.query(), 0L)) {
            return failed(OutputException.Kind.FENCED, "a newer generation owns it");
        }
        if (records.count() > 1 && BatchWriter.sizeBytesMax(records) > appendBytesMax) {
            return CompletableFuture.failedFuture(new SqlException("record_too_large", "too large"));
        }
        try {
            long first = records.count() == 0 ? -1 : write(topic, partition, records);
            if (stamp != null) {
                stampedAppends++;
                stamps.computeIfAbsent(stamp.query() + " " + topic + " " + id(topic), key -> new TreeMap<>())
                        .put(partition, stamp);
            }
            return CompletableFuture.completedFuture(first);
        } catch (IOException failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    @Override
    public synchronized CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value) {
        if (log(topic, partition).nextOffset() != expectOffset) {
            return CompletableFuture.completedFuture(false);
        }
        try {
            write(topic, partition, RecordBuffer.marker(1_000_000_000_000L, value));
            return CompletableFuture.completedFuture(true);
        } catch (IOException failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    @Override
    public synchronized CompletableFuture<Long> raise(String query) {
        if (appendsUntilCrash <= 0) {
            return CompletableFuture.failedFuture(new IllegalStateException("the node is gone"));
        }
        String reason = refusal;
        SplittableRandom random = trouble;
        if (reason != null || (random != null && random.nextInt(8) == 0)) {
            return failed(OutputException.Kind.REFUSED, reason == null ? "no leader, on purpose" : reason);
        }
        boolean before = random != null && random.nextBoolean();
        if (before) {
            arrive();
        }
        long generation = generations.merge(query, 1L, Long::sum);
        arrive(); // too late: refused
        return random != null && random.nextInt(8) == 0
                ? failed(OutputException.Kind.UNKNOWN, "raised, on purpose")
                : CompletableFuture.completedFuture(generation);
    }

    private void arrive() {
        underWay.forEach(Runnable::run);
        underWay.clear();
    }

    @Override
    public synchronized Map<Integer, Stamp> stamps(String query, String topic) {
        return Map.copyOf(stamps.getOrDefault(query + " " + topic + " " + id(topic), Map.of()));
    }

    @Override
    public Note note(String query) {
        return notes.getOrDefault(query, Note.NONE);
    }

    @Override
    public synchronized CompletableFuture<Boolean> storeNote(String query, String text, long expectedVersion) {
        long version = note(query).version();
        if (expectedVersion >= 0 && expectedVersion != version) {
            return CompletableFuture.completedFuture(false);
        }
        if (text.isEmpty()) {
            notes.remove(query);
        } else {
            notes.put(query, new Note(text, version + 1));
        }
        return CompletableFuture.completedFuture(true);
    }

    @Override
    public Map<String, String> load() {
        return Map.copyOf(definitions);
    }

    @Override
    public CompletableFuture<@Nullable Void> store(String key, String text) {
        if (text.isEmpty()) {
            definitions.remove(key);
        } else {
            definitions.put(key, text);
        }
        listeners.forEach(Runnable::run);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() throws IOException {
        for (List<PartitionLog> logs : topics.values()) {
            for (PartitionLog log : logs) {
                log.close();
            }
        }
    }
}
