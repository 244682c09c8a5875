package io.millrace.query;

import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// Keeps definitions: key to statement text, the same on every node.
public interface CatalogPort {
    /// Every definition now.
    Map<String, String> load();

    /// Completes once [#load] has, and queries see, everything that was made at any node before the call.
    /// Exceptionally when nobody can tell in time.
    default CompletableFuture<Void> upToDate() {
        return CompletableFuture.completedFuture(null);
    }

    /// Stores a definition; an empty text deletes it. Completes once it is durable.
    CompletableFuture<Void> store(String key, String text);

    /// What a persistent query has noted beside its definition: where it began.
    Note note(String query);

    /// Stores a note if it still has the version `expectedVersion` (−1 for any); an empty text deletes it.
    ///
    /// @return false when it has another version by now
    CompletableFuture<Boolean> storeNote(String query, String text, long expectedVersion);

    /// Called after a definition changed, on a thread that must not be blocked.
    AutoCloseable onChange(Runnable listener);

    /// @param text empty when there is none
    /// @param version counts from 1; 0 when there is none
    record Note(String text, long version) {
        public static final Note NONE = new Note("", 0);
    }
}
