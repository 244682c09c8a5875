package io.millrace.replication.partition;

import io.millrace.log.disk.Disk;
import io.millrace.replication.ReplicaCopy;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.snapshot.CopyDownload;
import io.millrace.replication.snapshot.Manifest;
import io.millrace.replication.snapshot.StateFolders;
import io.millrace.replication.snapshot.Throttle;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
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
        log.state.openLogsInOrder();
        return new SteppedLog(log, log.new Housekeeping(nowNanos));
    }

    /// A copy of this replica, for a peer that is behind.
    public ReplicaCopy openCopy() throws IOException {
        return log.copies().open(0);
    }

    /// Fetches a copy as `Rebuild` does, and makes it ready to come into force with the next
    /// [StateMachine#adoptCopy].
    ///
    /// @param stopped asked after every failure; nothing is tried again then
    public void fetch(ReplicaCopy copy, ReplicationSettings settings, Disk disk, BooleanSupplier stopped)
            throws IOException {
        GroupState state = log.state;
        StateFolders folders = state.folders();
        Manifest manifest = Manifest.of(Path.of("copy"), copy.manifest(), settings.idempotencyKeysMax())
                .in(StateFolders.next(state.folder()));
        folders.discardReadyCopy();
        new CopyDownload(
                        disk,
                        settings.dataFolder().resolve(manifest.folder()),
                        copy,
                        fact -> null,
                        new Throttle(Long.MAX_VALUE, stopped),
                        (done, total) -> {})
                .run();
        GroupState.CopiedState opened = state.openCopy(manifest);
        folders.ready(manifest);
        state.fetchFrom(new Ready(opened));
    }

    /// Puts the files of the state before aside.
    public void tidy(long nowMs) throws IOException {
        log.state.folders().setAsideBefore(log.state.folder(), nowMs);
    }

    /// A copy that has been fetched.
    private static final class Ready implements GroupState.CopyFetcher {
        private GroupState.@Nullable CopiedState copy;

        Ready(GroupState.CopiedState copy) {
            this.copy = copy;
        }

        @Override
        public CompletableFuture<Optional<StateMachine.LogPoint>> fetch(GroupPeers.Peer leader, long firstIndex) {
            return CompletableFuture.failedFuture(new IOException("the simulation fetches by itself"));
        }

        @Override
        public GroupState.@Nullable CopiedState takeReady() {
            GroupState.CopiedState ready = copy;
            copy = null;
            return ready;
        }

        @Override
        public void adopted(boolean inForce) {}

        @Override
        public void leaderChanged() {}
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
        return log.failure();
    }

    /// Whether nothing waits and nothing is on its way.
    public boolean isIdle() {
        return log.batcher.pendingBytes() == 0;
    }
}
