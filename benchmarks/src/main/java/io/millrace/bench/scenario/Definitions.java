package io.millrace.bench.scenario;

import io.millrace.query.CatalogPort;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A catalogue in memory.
final class Definitions implements CatalogPort {
    private final Map<String, String> texts = new ConcurrentHashMap<>();

    @Override
    public Map<String, String> load() {
        return Map.copyOf(texts);
    }

    @Override
    public CompletableFuture<@Nullable Void> store(String key, String text) {
        texts.put(key, text);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public Note note(String query) {
        return Note.NONE; // nothing is kept running here
    }

    @Override
    public CompletableFuture<Boolean> storeNote(String query, String text, long expectedVersion) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("this engine only reads"));
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        return () -> {};
    }
}
