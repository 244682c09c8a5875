package io.millrace.replication.partition;

import java.util.ArrayDeque;
import java.util.Deque;

/// Tells from the indices of a leader whether its own disk holds everybody up.
///
/// An entry is *late* when it was appended more than [#LATE_NANOS] before and is not durable here, or became durable
/// only then. When entries have been late for [#PATIENCE_NANOS] without one that was not, while a majority of the
/// others had them in time, somebody else should lead.
///
/// Threading: one thread.
final class SlowDisk {
    static final long LATE_NANOS = 700_000_000;
    static final long PATIENCE_NANOS = 3_000_000_000L;
    private static final int SAMPLES_MAX = 128;

    private record Sample(long index, long nanos) {}

    private final Deque<Sample> appended = new ArrayDeque<>();
    private long lateSinceNanos;
    private boolean late;

    /// To be called several times a second.
    ///
    /// @param lastIndex of this node's log
    /// @param flushedIndex durable here
    /// @param othersIndex durable on a majority of the other peers; −1 without any
    /// @return whether leadership should go
    boolean isSlow(long nowNanos, long lastIndex, long flushedIndex, long othersIndex) {
        boolean inTime = false;
        boolean lateNow = false;
        Sample done = null;
        while (!appended.isEmpty() && appended.peekFirst().index() <= flushedIndex) {
            done = appended.pollFirst();
        }
        if (done != null) {
            inTime = nowNanos - done.nanos() <= LATE_NANOS;
            lateNow = !inTime;
        }
        Sample oldest = appended.peekFirst();
        if (oldest != null && nowNanos - oldest.nanos() > LATE_NANOS && othersIndex >= oldest.index()) {
            lateNow = true;
            inTime = false;
        }
        if (lastIndex > flushedIndex && appended.size() < SAMPLES_MAX) {
            Sample newest = appended.peekLast();
            if (newest == null || newest.index() < lastIndex) {
                appended.addLast(new Sample(lastIndex, nowNanos));
            }
        }
        if (inTime || othersIndex < flushedIndex && !lateNow) {
            late = false;
        } else if (lateNow && !late) {
            late = true;
            lateSinceNanos = nowNanos;
        }
        return late && lateNow && nowNanos - lateSinceNanos >= PATIENCE_NANOS;
    }

    void forget() {
        appended.clear();
        late = false;
    }
}
