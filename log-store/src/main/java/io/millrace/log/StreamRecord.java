package io.millrace.log;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One record, copied out of the log. Hot paths use [RecordReader] in place.
///
/// @param key null for none
/// @param value null for a tombstone
@SuppressWarnings("ArrayRecordComponent") // bytes travel through; tests compare them explicitly
public record StreamRecord(
        long offset, long timestampMs, byte @Nullable [] key, byte @Nullable [] value, List<RecordHeader> headers) {
    public StreamRecord {
        headers = List.copyOf(headers);
    }
}
