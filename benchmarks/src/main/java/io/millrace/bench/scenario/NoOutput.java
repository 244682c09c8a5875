package io.millrace.bench.scenario;

import io.millrace.log.RecordBuffer;
import io.millrace.query.OutputPort;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// For engines whose queries write nothing.
final class NoOutput implements OutputPort {
    @Override
    public CompletableFuture<Void> createTopic(String topic, int partitions, boolean compacted) {
        return refused();
    }

    @Override
    public CompletableFuture<Void> deleteTopic(String topic) {
        return refused();
    }

    @Override
    public CompletableFuture<Long> append(String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
        return refused();
    }

    @Override
    public CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value) {
        return refused();
    }

    @Override
    public CompletableFuture<Long> raise(String query) {
        return refused();
    }

    @Override
    public Map<Integer, Stamp> stamps(String query, String topic) {
        return Map.of();
    }

    private static <T> CompletableFuture<T> refused() {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("this engine only reads"));
    }
}
