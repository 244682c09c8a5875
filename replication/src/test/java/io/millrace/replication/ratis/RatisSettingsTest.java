package io.millrace.replication.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.apache.ratis.server.RaftServerConfigKeys.Read;
import org.apache.ratis.server.RaftServerConfigKeys.Rpc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Defaults of the library that lose data, lie or fill the disk; each was seen to do so.
class RatisSettingsTest {
    private static final Path FOLDER = Path.of("data", "raft").toAbsolutePath();

    private static RaftProperties of(int peers, boolean again) {
        return RatisSettings.of(FOLDER, "127.0.0.1", 1, peers, again, 4 << 20, Duration.ofSeconds(30));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7})
    void nothingIsKeptInTheSystemsTemporaryFolder(int peers) {
        assertThat(RaftServerConfigKeys.storageDir(of(peers, false))).containsExactly(FOLDER.toFile());
        assertThat(RaftServerConfigKeys.removedGroupsDir(of(peers, false)).toPath())
                .startsWithRaw(FOLDER);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7})
    void whatIsAcknowledgedIsOnDisk(int peers) {
        assertThat(Log.asyncFlushEnabled(of(peers, false))).isFalse();
        assertThat(Log.unsafeFlushEnabled(of(peers, false))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7})
    void aNodeThatStartedAloneIsReadyForPeers(int peers) {
        RaftProperties properties = of(peers, false);
        // 0 lets short outages be caught up by copies only
        assertThat(Log.purgePreservationLogNum(properties)).isPositive();
        assertThat(Log.purgeUptoSnapshotIndex(properties)).isTrue();
        assertThat(Log.Appender.installSnapshotEnabled(properties)).isFalse();
        assertThat(Rpc.timeoutMin(properties).toLong(TimeUnit.MILLISECONDS)).isEqualTo(800);
        assertThat(Rpc.timeoutMax(properties).toLong(TimeUnit.MILLISECONDS)).isEqualTo(1_600);
        assertThat(RaftServerConfigKeys.stagingTimeout(properties).toLong(TimeUnit.SECONDS))
                .isGreaterThanOrEqualTo(60);
        assertThat(RaftServerConfigKeys.stagingCatchupGap(properties)).isEqualTo(10_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7})
    void aLongPauseDoesNotCloseTheServer(int peers) {
        assertThat(RaftServerConfigKeys.closeThreshold(of(peers, false)).toLong(TimeUnit.DAYS))
                .isGreaterThanOrEqualTo(30);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7})
    void aLeaseIsOverBeforeAnybodyElseCanBeElected(int peers) {
        RaftProperties properties = of(peers, true);
        double leaseMs = Read.leaderLeaseTimeoutRatio(properties)
                * Rpc.timeoutMin(properties).toLong(TimeUnit.MILLISECONDS);
        assertThat(Read.option(properties)).isEqualTo(Read.Option.LINEARIZABLE);
        assertThat(RaftServerConfigKeys.LeaderElection.preVote(properties)).isTrue();
        // also by a peer that has just been started again in the same process
        assertThat((double) Rpc.firstElectionTimeoutMin(properties).toLong(TimeUnit.MILLISECONDS))
                .isGreaterThan(leaseMs);
        // and a leader without a majority stops answering before its clients give up
        assertThat(RatisPeers.CONTACT_MS_MAX)
                .isLessThan(2_000)
                .isGreaterThan(Rpc.timeoutMin(properties).toLong(TimeUnit.MILLISECONDS));
    }
}
