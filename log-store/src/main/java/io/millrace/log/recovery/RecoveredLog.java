package io.millrace.log.recovery;

import io.millrace.log.LogEnd;
import io.millrace.log.segment.SegmentFile;
import java.util.List;

/// A log as recovery leaves it.
///
/// @param segments in order, at least one; the last one is open
/// @param findings what was met, in the order of the log
public record RecoveredLog(List<SegmentFile> segments, LogEnd end, List<Finding> findings) {
    public RecoveredLog {
        segments = List.copyOf(segments);
        findings = List.copyOf(findings);
    }

    /// One case that was met, and where.
    public record Finding(RecoveryCase recoveryCase, String message) {}
}
