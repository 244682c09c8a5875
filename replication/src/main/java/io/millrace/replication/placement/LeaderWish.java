package io.millrace.replication.placement;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// When the leader of a group hands it to the member that should lead: not before that one has been fit for a while,
/// and long after it gave the lead away itself, because it had a reason.
///
/// Threading: one thread.
public final class LeaderWish {
    /// Fit for so long, without a break.
    public static final long FIT_NANOS = TimeUnit.SECONDS.toNanos(15);
    /// Since it gave the lead away while it was alive, or since the last attempt.
    public static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final long fitNanos;
    private @Nullable String wished;
    private @Nullable String leaderBefore;
    private boolean leading;
    private boolean seenUnfit;
    private long leadingSinceNanos;
    private long fitSinceNanos;
    private boolean fit;
    private boolean tried;
    private long triedNanos;

    /// @param fitNanos usually [#FIT_NANOS]
    public LeaderWish(long fitNanos) {
        this.fitNanos = fitNanos;
    }

    /// To be called several times a second: what is away for a moment should be seen.
    ///
    /// @param leader node id of who leads now; null for nobody
    /// @param self this node
    /// @param should who should lead; null for nobody
    /// @param isFit whether that one answers and is caught up
    /// @return whether to hand over to it now
    public boolean isDue(long nowNanos, @Nullable String leader, String self, @Nullable String should, boolean isFit) {
        if (!self.equals(leader)) {
            leading = false;
            if (leader != null) {
                leaderBefore = leader;
            }
            return false;
        }
        if (!leading || should == null || !should.equals(wished)) {
            boolean took = !leading;
            leading = true;
            wished = should;
            leadingSinceNanos = took ? nowNanos : leadingSinceNanos;
            seenUnfit = false;
            fit = false;
            tried = false;
        }
        if (should == null || should.equals(self)) {
            return false;
        }
        if (!isFit) {
            fit = false;
            seenUnfit = true;
            return false;
        }
        if (!fit) {
            fit = true;
            fitSinceNanos = nowNanos;
        }
        boolean gaveAway = should.equals(leaderBefore) && !seenUnfit;
        if (nowNanos - fitSinceNanos < fitNanos
                || (gaveAway && nowNanos - leadingSinceNanos < PATIENCE_NANOS)
                || (tried && nowNanos - triedNanos < PATIENCE_NANOS)) {
            return false;
        }
        tried = true;
        triedNanos = nowNanos;
        return true;
    }
}
