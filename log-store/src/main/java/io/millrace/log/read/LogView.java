package io.millrace.log.read;

import io.millrace.log.CorruptLogException;
import io.millrace.log.segment.SegmentFile;
import org.jspecify.annotations.Nullable;

/// What a reader needs of a log. Any thread.
public interface LogView {
    /// The segment whose range starts at or below `offset`; null when that one was deleted.
    @Nullable
    SegmentFile segmentOf(long offset);

    long earliestOffset();

    long nextOffset();

    long highWatermark();

    /// A batch was read that is not what was written.
    void damaged(CorruptLogException found);
}
