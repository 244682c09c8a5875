package io.millrace.http.subscribe;

import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.TopicPartition;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Tells who waits for a partition that records came.
///
/// Threading: any thread; listeners run on the thread that applied the records and must only wake somebody.
final class AppendSignals implements AutoCloseable {
    private final Map<TopicPartition, Set<Runnable>> waiting = new ConcurrentHashMap<>();
    private final AutoCloseable subscription;

    AppendSignals(ReplicatedLog log) {
        subscription = log.onAppend(this::appended);
    }

    private void appended(TopicPartition partition) {
        Set<Runnable> listeners = waiting.get(partition);
        if (listeners != null) {
            listeners.forEach(Runnable::run);
        }
    }

    /// Calls `listener` after every append from now on, until [#remove].
    void add(TopicPartition partition, Runnable listener) {
        waiting.compute(partition, (key, listeners) -> {
            Set<Runnable> all = listeners == null ? ConcurrentHashMap.newKeySet() : listeners;
            all.add(listener);
            return all;
        });
    }

    void remove(TopicPartition partition, Runnable listener) {
        waiting.computeIfPresent(partition, (key, listeners) -> {
            listeners.remove(listener);
            return listeners.isEmpty() ? null : listeners;
        });
    }

    @Override
    public void close() throws Exception {
        subscription.close();
    }
}
