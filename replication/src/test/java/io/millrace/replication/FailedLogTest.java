package io.millrace.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.GroupLogs;
import io.millrace.replication.ratis.RatisFaults;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A follower whose Raft log cannot be written. What comes a second time is in its memory already, and must not be
/// acknowledged for that: it forgets it when it is started again, and nobody would send it any more.
class FailedLogTest {
    private static final int ROUNDS = 3;
    private static final int RECORDS = 60;

    @TempDir
    Path folder;

    private @Nullable NodeCluster started;

    @AfterEach
    void stop() {
        if (started != null) {
            started.close();
        }
    }

    @Test
    void aFollowerAcknowledgesNothingThatItHasNotWrittenAndCatchesUp() throws Exception {
        NodeCluster cluster = NodeCluster.of(folder, 3);
        started = cluster;
        cluster.createTopic("t");
        List<String> values = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            values.add("round " + round);
            cluster.append(values.getLast());
            cluster.awaitEverywhere(values); // so that it has a file that is open
            String leader = Member.nodeIdOf(cluster.lead().cluster().view().nodeId());
            String follower = cluster.nodes().keySet().stream()
                    .filter(id -> !id.equals(leader))
                    .findFirst()
                    .orElseThrow();
            Consensus broken = GroupLogs.consensus(cluster.node(follower));
            RatisFaults.breakLogFile(broken);
            for (int i = 0; i < RECORDS; i++) {
                values.add("value %d %d".formatted(round, i));
                cluster.append(values.getLast());
                assertThat(acknowledged(cluster.node(leader), follower))
                        .as("round %d, record %d", round, i)
                        .isLessThanOrEqualTo(RatisFaults.flushIndex(broken));
            }
            cluster.awaitEverywhere(values);
        }
    }

    /// What a leader knows that a follower has; 0 when it does not lead.
    private static long acknowledged(ReplicatedLog leader, String follower) {
        return GroupLogs.consensus(leader).group().followers().stream()
                .filter(one -> Member.nodeIdOf(one.peerId()).equals(follower))
                .mapToLong(one -> one.matchIndex())
                .max()
                .orElse(0);
    }
}
