package io.millrace.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.GroupLogs;
import io.millrace.replication.partition.GroupPeers;
import io.millrace.replication.ratis.RatisFaults;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The lead on its way to a node that has just died: whoever leads takes writes again soon.
class HandOverTest {
    /// Each is a race, which the library alone lost in some hundreds of times on two busy cores.
    private static final int ATTEMPTS = 100;
    /// Usually 2 s, an attempt that nobody answers.
    private static final long REFUSED_MS_MAX = 8_000;

    @TempDir
    Path folder;

    private @Nullable NodeCluster started;

    @AfterEach
    void stop() {
        if (started != null) {
            started.close();
        }
    }

    private NodeCluster three() throws Exception {
        NodeCluster cluster = NodeCluster.of(folder, 3);
        started = cluster;
        cluster.createTopic("t");
        cluster.append("first");
        cluster.awaitEverywhere(List.of("first"));
        return cluster;
    }

    /// Kills a follower that has everything, as the leader knows.
    private static String killOneThatIsFitToLead(NodeCluster cluster) {
        List<String> fit = new ArrayList<>();
        Nodes.await("a follower has everything", () -> {
            GroupPeers peers = GroupLogs.consensus(cluster.lead()).group();
            peers.followers().stream()
                    .filter(follower -> follower.matchIndex() >= peers.lastIndex())
                    .findFirst()
                    .ifPresent(follower -> fit.add(Member.nodeIdOf(follower.peerId())));
            return !fit.isEmpty();
        });
        cluster.kill(fit.getFirst());
        return fit.getFirst();
    }

    @Test
    void aLeaderWhoseSuccessorHasJustDiedTakesWritesAgain() throws Exception {
        NodeCluster cluster = three();
        String dead = killOneThatIsFitToLead(cluster);
        for (int i = 0; i < ATTEMPTS; i++) {
            Consensus leader = GroupLogs.consensus(cluster.lead());
            assertThatThrownBy(() -> leader.group()
                            .transfer(cluster.member(dead).peerId(), 1)
                            .get(Nodes.PATIENCE_S, TimeUnit.SECONDS))
                    .as("attempt %d", i)
                    .isInstanceOf(ExecutionException.class);
        }
        cluster.append("second");
        cluster.awaitEverywhere(List.of("first", "second"));
    }

    /// What decides that race: with an answer there is nothing to lose.
    @Test
    void askingADeadNodeToStandIsAnsweredWithNo() throws Exception {
        NodeCluster cluster = three();
        String dead = killOneThatIsFitToLead(cluster);
        Consensus leader = GroupLogs.consensus(cluster.lead());
        assertThat(RatisFaults.asksToStand(leader, cluster.member(dead).peerId()))
                .isFalse();
    }

    @Test
    void aHandOverToADeadNodeIsGivenUpSoon() throws Exception {
        NodeCluster cluster = three();
        String dead = killOneThatIsFitToLead(cluster);
        cluster.whileOneLeads(leader -> {
            long began = System.nanoTime();
            assertThat(Nodes.get(cluster.node(leader).cluster().transferLeadership(0, Optional.of(dead))))
                    .isInstanceOf(MembershipOutcome.Failed.class);
            cluster.append("second");
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)).isLessThan(REFUSED_MS_MAX);
        });
        cluster.awaitEverywhere(List.of("first", "second"));
    }
}
