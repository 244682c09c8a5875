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
import io.millrace.query.OutputPort;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
    private int appendsUntilCrash = Integer.MAX_VALUE; // guarded by this
    private boolean crashLosesTheAnswer; // guarded by this

    LocalTopics(Path folder) {
        this.folder = folder;
    }

    /// Makes the n-th append of a query from now on fail, and every later one: the node is gone. The one that
    /// fails may have been written, and only its answer lost.
    synchronized void crashAtAppend(int number, boolean written) {
        appendsUntilCrash = number;
        crashLosesTheAnswer = written;
    }

    void create(String name, int partitions) throws IOException {
        List<PartitionLog> logs = new ArrayList<>();
        for (int partition = 0; partition < partitions; partition++) {
            logs.add(new LogStore(new LocalDisk())
                    .open(folder.resolve(name + "-" + partition), LogSettings.DEFAULT, null));
        }
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

    @Override
    public Optional<InputTopic> topic(String name) {
        return Optional.ofNullable(topics.get(name)).map(logs -> new InputTopic(name, 1, logs.size()));
    }

    @Override
    public List<InputTopic> topics() {
        return topics.entrySet().stream()
                .map(entry -> new InputTopic(entry.getKey(), 1, entry.getValue().size()))
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
            create(topic, partitions);
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
    public synchronized CompletableFuture<Long> append(
            String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
        if (stamp != null && --appendsUntilCrash <= 0 && !(appendsUntilCrash == 0 && crashLosesTheAnswer)) {
            return CompletableFuture.failedFuture(new IllegalStateException("the node is gone"));
        }
        if (stamp != null && stamp.generation() != generations.getOrDefault(stamp.query(), 0L)) {
            return CompletableFuture.failedFuture(new IllegalStateException("fenced"));
        }
        try {
            long first = write(topic, partition, records);
            if (stamp != null) {
                stamps.computeIfAbsent(stamp.query() + " " + topic, key -> new TreeMap<>())
                        .put(partition, stamp);
            }
            return stamp != null && appendsUntilCrash == 0
                    ? CompletableFuture.failedFuture(new IllegalStateException("the node is gone, the answer lost"))
                    : CompletableFuture.completedFuture(first);
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
    public CompletableFuture<@Nullable Void> fence(String query, long generation) {
        generations.merge(query, generation, Math::max);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public Map<Integer, Stamp> stamps(String query, String topic) {
        return Map.copyOf(stamps.getOrDefault(query + " " + topic, Map.of()));
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
