package io.millrace.replication.partition;

import java.util.concurrent.TimeUnit;

/// Tells whether a leader gets nothing done although a majority follows it, so that somebody else should lead.
///
/// It *owes* something while it has been elected and has not become ready, while something is committed that it
/// has not applied, or while it refuses what it is given. When it has owed for its patience and has applied
/// nothing meanwhile, the lead is stalled. That is longer than a hand-over takes, during which a leader refuses
/// everything too.
///
/// Threading: one thread.
final class StalledLead {
    static final long PATIENCE_MS = 15_000;
    /// Who has not been asked for so long was stopped itself, and knows nothing of the time between.
    private static final long GAP_NANOS_MAX = TimeUnit.SECONDS.toNanos(5);

    private final long patienceNanos;
    private boolean owing;
    private long owingSinceNanos;
    private long askedNanos;
    private long appliedIndex;

    StalledLead(long patienceNanos) {
        this.patienceNanos = patienceNanos;
    }

    static StalledLead usual() {
        return new StalledLead(
                TimeUnit.MILLISECONDS.toNanos(Long.getLong("millrace.replication.stalledMs", PATIENCE_MS)));
    }

    /// To be called several times a second.
    ///
    /// @param owes whether this node leads and owes something
    /// @param applied index of the entry that was applied last
    /// @return whether somebody else should lead; the patience begins anew then
    boolean isStalled(long nowNanos, boolean owes, long applied) {
        boolean wasOwing = owing && applied == appliedIndex && nowNanos - askedNanos <= GAP_NANOS_MAX;
        owing = owes;
        appliedIndex = applied;
        askedNanos = nowNanos;
        if (!owes || !wasOwing) {
            owingSinceNanos = nowNanos;
            return false;
        }
        if (nowNanos - owingSinceNanos < patienceNanos) {
            return false;
        }
        owing = false;
        return true;
    }
}
