package io.millrace.log;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Records that wait to become a batch: packed into one array, without an object each. Reusable through
/// [#clear].
///
/// Threading: one thread at a time; hand over with a happens-before edge.
public final class RecordBuffer {
    /// Adds a record; the bytes are copied. `key` null for none, `value` null for a tombstone, `headers`
    /// usually empty.
    public void add(
            long timestampMs,
            byte @Nullable [] key,
            int keyStart,
            int keyLength,
            byte @Nullable [] value,
            int valueStart,
            int valueLength,
            List<RecordHeader> headers) {
        throw new UnsupportedOperationException();
    }

    public int count() {
        throw new UnsupportedOperationException();
    }

    /// Bytes of the packed records.
    public int sizeBytes() {
        throw new UnsupportedOperationException();
    }

    public void clear() {
        throw new UnsupportedOperationException();
    }

    /// Appends all records of `other` behind the ones here.
    public void addAll(RecordBuffer other) {
        throw new UnsupportedOperationException();
    }
}
