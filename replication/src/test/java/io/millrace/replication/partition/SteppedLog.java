package io.millrace.replication.partition;

import io.millrace.log.disk.Disk;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationSettings;
import java.io.IOException;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// A whole log without a thread: whoever holds it says when it sends an entry and when it keeps house.
public final class SteppedLog {
    private final GroupLog log;
    private final GroupLog.Housekeeping housekeeping;

    private SteppedLog(GroupLog log, GroupLog.Housekeeping housekeeping) {
        this.log = log;
        this.housekeeping = housekeeping;
    }

    public static SteppedLog open(
            ReplicationSettings settings,
            Disk disk,
            InstantSource clock,
            GroupLog.ConsensusOpener opener,
            long nowNanos)
            throws IOException {
        GroupLog log = GroupLog.openStepped(settings, disk, clock, opener, () -> {});
        return new SteppedLog(log, log.new Housekeeping(nowNanos));
    }

    public ReplicatedLog face() {
        return log;
    }

    public GroupState state() {
        return log.state;
    }

    /// What the batcher's thread would do once.
    ///
    /// @return requests that went into the entry
    public int sendEntry() {
        return log.batcher.doWork();
    }

    /// What the housekeeping thread would do once.
    public void keepHouse(long nowNanos) {
        housekeeping.round(nowNanos);
    }

    public boolean takeSnapshot() {
        return log.takeSnapshot();
    }

    /// The request timeout passes for everything that is on its way.
    public void timeOut() {
        log.batcher.failOlderThan(Long.MIN_VALUE, "the request timeout has passed");
    }

    /// Why it accepts nothing any more; null while it does.
    public @Nullable String failure() {
        return log.failure;
    }

    /// Whether nothing waits and nothing is on its way.
    public boolean isIdle() {
        return log.batcher.pendingBytes() == 0;
    }
}
