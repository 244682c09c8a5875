package io.millrace.query.worker;

import io.millrace.log.RecordBuffer;
import io.millrace.query.OutputException;
import io.millrace.query.OutputPort;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One node's way to write topics that all nodes share: open while it leads, or believes that it does.
final class NodeView implements OutputPort {
    private final LocalTopics topics;
    private final String other;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile boolean leads;

    /// @param other who leads when this node does not
    NodeView(LocalTopics topics, String other) {
        this.topics = topics;
        this.other = other;
    }

    void lead(boolean wanted) {
        leads = wanted;
        listeners.forEach(Runnable::run);
    }

    private <T> CompletableFuture<T> leading(Supplier<CompletableFuture<T>> write) {
        return leads
                ? write.get()
                : CompletableFuture.failedFuture(
                        new OutputException(OutputException.Kind.REFUSED, "no_leader", other + " leads"));
    }

    @Override
    public CompletableFuture<@Nullable Void> createTopic(String topic, int partitions, boolean compacted) {
        return leading(() -> topics.createTopic(topic, partitions, compacted));
    }

    @Override
    public CompletableFuture<@Nullable Void> deleteTopic(String topic) {
        return leading(() -> topics.deleteTopic(topic));
    }

    @Override
    public CompletableFuture<Long> append(String topic, int partition, RecordBuffer records, @Nullable Stamp stamp) {
        return leading(() -> topics.append(topic, partition, records, stamp));
    }

    @Override
    public int appendBytesMax() {
        return topics.appendBytesMax();
    }

    @Override
    public CompletableFuture<Boolean> mark(String topic, int partition, long expectOffset, byte[] value) {
        return leading(() -> topics.mark(topic, partition, expectOffset, value));
    }

    @Override
    public CompletableFuture<Long> raise(String query) {
        return leading(() -> topics.raise(query));
    }

    @Override
    public Map<Integer, Stamp> stamps(String query, String topic) {
        return topics.stamps(query, topic);
    }

    @Override
    public boolean leads(String topic) {
        return leads;
    }

    @Override
    public Optional<String> leader(String topic) {
        return Optional.of(other);
    }

    @Override
    public AutoCloseable onLeaderChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
