package io.millrace.replication.ratis;

import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/// Every Ratis property that Millrace sets, each with its reason. What is not here has a good default.
final class RatisSettings {
    /// One message on the wire or one entry in the log is an entry of ours plus this at most.
    static final int ENTRY_OVERHEAD_BYTES = 64 << 10;

    static final long TIMEOUT_MS_MIN = 800;
    static final long TIMEOUT_MS_MAX = 1_600;
    /// A linearizable read that has no answer by then has none: a leader without a majority must not hang.
    static final long BARRIER_TIMEOUT_MS = 2_000;

    private static final int MIB = 1 << 20;

    private RatisSettings() {}

    static RaftProperties of(
            Path folder, String host, int port, int peers, boolean again, int entryBytesMax, Duration requestTimeout) {
        RaftProperties properties = new RaftProperties();
        storage(properties, folder.toFile());
        log(properties, entryBytesMax, peers);
        snapshots(properties);
        elections(properties, peers, again);
        transport(properties, host, port, entryBytesMax);

        // reads through the leader's lease; needs pre-vote
        RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, true);
        RaftServerConfigKeys.Read.setTimeout(properties, millis(BARRIER_TIMEOUT_MS));
        // the cache is unbounded and on every node; retries are ours (idempotency keys), so it only has to
        // exist
        RaftServerConfigKeys.RetryCache.setExpiryTime(properties, seconds(2));
        // acks=all waits this long for the last replica
        RaftServerConfigKeys.Watch.setTimeout(properties, millis(requestTimeout.toMillis()));
        // bounds on what waits inside; the batcher's own bound is smaller in entries and alike in bytes
        RaftServerConfigKeys.Write.setElementLimit(properties, 4096);
        RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf(256L * MIB));
        return properties;
    }

    private static void storage(RaftProperties properties, File folder) {
        // both default to the system's temporary folder
        RaftServerConfigKeys.setStorageDir(properties, List.of(folder));
        RaftServerConfigKeys.setRemovedGroupsDir(properties, new File(folder, "removed"));
        // a laptop's sleep, a debugger or a migrating machine is no reason to close the server for ever
        RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(30, TimeUnit.DAYS));
        // adding a peer while much is written
        RaftServerConfigKeys.setStagingCatchupGap(properties, 10_000);
        RaftServerConfigKeys.setStagingTimeout(properties, seconds(60));
    }

    private static void log(RaftProperties properties, int entryBytesMax, int peers) {
        // after kill -9 the last entry may be torn; TornTailScan has made sure that nothing else is wrong
        RaftServerConfigKeys.Log.setCorruptionPolicy(
                properties, RaftServerConfigKeys.Log.CorruptionPolicy.WARN_AND_RETURN);
        // one more entry and fsync after every commit, for nothing that is needed here
        RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
        // one thread hop less on followers
        RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(properties, false);
        // entries are batched before they come here, so a pause between two messages only costs
        RaftServerConfigKeys.Log.Appender.setWaitTimeMin(properties, millis(0));
        // the first acknowledges what is not yet on disk, the second does not wait for the disk at all
        RaftServerConfigKeys.Log.setAsyncFlushEnabled(properties, false);
        RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, false);
        // a flush is bounded by the queue's bytes
        RaftServerConfigKeys.Log.setForceSyncNum(properties, 1024);
        RaftServerConfigKeys.Log.setSegmentSizeMax(
                properties, SizeInBytes.valueOf(Long.getLong("millrace.raft.segmentBytes", 64L * MIB)));
        // zeros are written ahead by this much; more helps only entries of megabytes
        RaftServerConfigKeys.Log.setPreallocatedSize(
                properties,
                SizeInBytes.valueOf(Math.min(4L * MIB, Long.getLong("millrace.raft.segmentBytes", 4L * MIB))));
        // the first is also the largest entry, the second must be larger still
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(
                properties, SizeInBytes.valueOf(entryBytesMax + ENTRY_OVERHEAD_BYTES));
        RaftServerConfigKeys.Log.setWriteBufferSize(
                properties, SizeInBytes.valueOf(entryBytesMax + ENTRY_OVERHEAD_BYTES + MIB));
        // heap
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf(64L * MIB));
        RaftServerConfigKeys.Log.setQueueByteLimit(properties, SizeInBytes.valueOf(256L * MIB));
        // a dead follower must not fill the disk ...
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
        // ... a short outage is caught up from the log. Alone there is nobody to catch up, but a node may be
        // added before the next start, so it must not be 0
        int keptEntries = Integer.getInteger("millrace.raft.keptEntries", peers == 1 ? 16 : 1000);
        RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, keptEntries);
        RaftServerConfigKeys.Log.setPurgeGap(properties, Math.clamp(keptEntries, 1, 128));
    }

    private static void snapshots(RaftProperties properties) {
        // counts entries, so it is only the net below our own trigger by bytes and time
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, 100_000);
        // a stop that needs a snapshot takes it itself
        RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(properties, false);
        RaftServerConfigKeys.Snapshot.setCreationGap(properties, 1);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
        // followers are told that they are behind and fetch segment files by themselves
        RaftServerConfigKeys.Log.Appender.setInstallSnapshotEnabled(properties, false);
    }

    private static void elections(RaftProperties properties, int peers, boolean again) {
        // long enough for garbage collection pauses; heartbeats follow the smaller one (every 400 ms)
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(TIMEOUT_MS_MIN));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(TIMEOUT_MS_MAX));
        // only until the first leader; alone there is nobody to wait for. A peer that is started again in the
        // same process must not vote while a lease from before may be valid; a new process takes longer than
        // that
        long firstMin = again ? TIMEOUT_MS_MIN : 100;
        long firstMax = again ? TIMEOUT_MS_MAX : 300;
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(peers == 1 ? 10 : firstMin));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(peers == 1 ? 20 : firstMax));
        // large entries on slow disks
        RaftServerConfigKeys.Rpc.setRequestTimeout(properties, seconds(10));
        RaftServerConfigKeys.Rpc.setSlownessTimeout(properties, seconds(60));
        // after losing the majority a node may stand again after this
        RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(properties, seconds(3));
        RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
    }

    private static void transport(RaftProperties properties, String host, int port, int entryBytesMax) {
        RaftConfigKeys.Rpc.setType(properties, new RatisTransport());
        // the admin service is on this port too
        GrpcConfigKeys.Server.setHost(properties, host);
        GrpcConfigKeys.Server.setPort(properties, port);
        GrpcConfigKeys.setMessageSizeMax(
                properties, SizeInBytes.valueOf(entryBytesMax + ENTRY_OVERHEAD_BYTES + 2 * MIB));
        // a full window is polled every millisecond
        GrpcConfigKeys.setFlowControlWindow(properties, SizeInBytes.valueOf(8L * MIB));
        GrpcConfigKeys.Server.setLeaderOutstandingAppendsMax(properties, 16);
    }

    private static TimeDuration seconds(long seconds) {
        return TimeDuration.valueOf(seconds, TimeUnit.SECONDS);
    }

    private static TimeDuration millis(long millis) {
        return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
    }
}
