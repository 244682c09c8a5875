package io.millrace.log.retention;

import io.millrace.log.segment.SegmentFile;
import java.util.List;

/// Decides from where on a log is to be kept; pure.
public final class Retention {
    private Retention() {}

    /// First offset to keep. From the oldest on, sealed segments go while they are wholly older than
    /// `olderThanMs` or the log is larger than `bytesMax`; it stops at the first one that must stay, so that a
    /// log never gets a hole, and at `highWatermark`.
    public static long floor(
            List<SegmentFile> segments, long earliestOffset, long highWatermark, long olderThanMs, long bytesMax) {
        long size = 0;
        for (SegmentFile segment : segments) {
            size += segment.sizeBytes();
        }
        long floor = earliestOffset;
        for (SegmentFile segment : segments) {
            boolean tooOld = segment.maxTimestampMs() < olderThanMs;
            boolean tooMuch = size > bytesMax;
            if (!segment.isSealed() || segment.nextOffset() > highWatermark || !(tooOld || tooMuch)) {
                break;
            }
            floor = Math.max(floor, segment.nextOffset());
            size -= segment.sizeBytes();
        }
        return floor;
    }
}
