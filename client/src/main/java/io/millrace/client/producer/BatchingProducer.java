package io.millrace.client.producer;

import io.millrace.client.MillraceException;
import io.millrace.client.NewRecord;
import io.millrace.client.Producer;
import io.millrace.client.ProducerSettings;
import io.millrace.client.RecordMetadata;
import io.millrace.client.transport.Transport;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// One sender a topic, one memory budget for all.
public final class BatchingProducer implements Producer {
    private final Transport transport;
    private final ProducerSettings settings;
    private final MemoryBudget budget;
    private final Map<String, TopicSender> senders = new ConcurrentHashMap<>();
    private volatile boolean closed;

    public BatchingProducer(Transport transport, ProducerSettings settings) {
        this.transport = transport;
        this.settings = settings;
        this.budget = new MemoryBudget(settings.bufferBytesMax(), settings.whenFull());
    }

    @Override
    public CompletableFuture<RecordMetadata> send(NewRecord content) {
        if (closed) {
            throw closed();
        }
        budget.acquire(content.sizeBytes());
        return senders.computeIfAbsent(content.topic(), topic -> new TopicSender(topic, transport, settings, budget))
                .add(content);
    }

    @Override
    public void flush() {
        try {
            for (TopicSender sender : senders.values()) {
                sender.flush();
            }
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            for (TopicSender sender : senders.values()) {
                sender.close();
            }
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    private static MillraceException closed() {
        return new MillraceException(MillraceException.CLOSED, "this producer was closed", null);
    }

    private static MillraceException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new MillraceException(
                MillraceException.INTERRUPTED, "interrupted while waiting for acknowledgements", cause);
    }
}
