package io.millrace.shell.run;

import io.millrace.client.Catalog;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// The names for completion, fetched in the background. Completion shows what is here and never waits.
final class CatalogCache {
    private final MillraceClient client;
    private final AtomicBoolean refreshing = new AtomicBoolean();
    private volatile Catalog latest = new Catalog(List.of());

    CatalogCache(MillraceClient client) {
        this.client = client;
    }

    Catalog latest() {
        return latest;
    }

    /// Begins a refresh unless one is under way.
    void refresh() {
        if (!refreshing.compareAndSet(false, true)) {
            return;
        }
        Thread _ = Thread.ofVirtual().name("millrace-catalog").start(() -> {
            try {
                latest = client.catalog();
            } catch (MillraceException unavailable) {
                // completion goes on with what it knows; the next statement shows what is wrong
            } finally {
                refreshing.set(false);
            }
        });
    }
}
