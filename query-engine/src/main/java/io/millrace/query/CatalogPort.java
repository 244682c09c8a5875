package io.millrace.query;

import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// Keeps definitions: key to statement text, the same on every node.
public interface CatalogPort {
    /// Every definition now.
    Map<String, String> load();

    /// Stores a definition; an empty text deletes it. Completes once it is durable.
    CompletableFuture<Void> store(String key, String text);

    /// Called after a definition changed, on a thread that must not be blocked.
    AutoCloseable onChange(Runnable listener);
}
