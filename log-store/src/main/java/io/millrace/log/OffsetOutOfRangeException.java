package io.millrace.log;

import java.io.IOException;

/// The offset that was asked for has been deleted by retention or does not exist yet.
public final class OffsetOutOfRangeException extends IOException {
    private static final long serialVersionUID = 1;
    private final long earliestOffset;
    private final long nextOffset;

    public OffsetOutOfRangeException(long offset, long earliestOffset, long nextOffset) {
        super("offset %d is out of range: the log holds offsets %d to %d (excluded)"
                .formatted(offset, earliestOffset, nextOffset));
        this.earliestOffset = earliestOffset;
        this.nextOffset = nextOffset;
    }

    public long earliestOffset() {
        return earliestOffset;
    }

    public long nextOffset() {
        return nextOffset;
    }
}
