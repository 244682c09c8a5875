package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes in one process: they elect, replicate, and survive the loss of their leader.
class ThreeNodesTest {
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
        return cluster;
    }

    @Test
    void theyReplicateAndSurviveTheLossOfTheirLeader() throws Exception {
        NodeCluster cluster = three();
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            cluster.append("before " + i);
            sent.add("before " + i);
        }
        cluster.awaitEverywhere(sent);
        cluster.whileOneLeads(leader -> {
            for (Map.Entry<String, ReplicatedLog> node : cluster.nodes().entrySet()) {
                if (!node.getKey().equals(leader)) {
                    Nodes.await(
                            node.getKey() + " knows the leader",
                            () -> node.getValue().leader("t", 0).equals(Optional.of(leader)));
                    assertThat(get(node.getValue().append(AppendRequest.of("t", 0, records("x")))))
                            .isEqualTo(new AppendOutcome.NotLeader(leader));
                    assertThat(node.getValue().health().role()).isEqualTo("follower");
                }
            }
        });
        cluster.whileOneLeads(leader -> assertThat(get(cluster.node(leader)
                        .append(new AppendRequest(
                                "t", 0, records("everywhere"), Acknowledgement.ALL, "everywhere", 1, -1, null))))
                .isInstanceOfAny(AppendOutcome.Appended.class, AppendOutcome.Duplicate.class));
        sent.add("everywhere");

        String first = cluster.leader();
        cluster.kill(first);
        for (int i = 0; i < 50; i++) {
            cluster.append("after " + i);
            sent.add("after " + i);
        }
        assertThat(cluster.leader()).isNotEqualTo(first);
        cluster.awaitEverywhere(sent);

        cluster.reopen(first);
        cluster.awaitEverywhere(sent);
        cluster.append("all together");
        sent.add("all together");
        cluster.awaitEverywhere(sent);
    }

    @Test
    void everyNodeKnowsTheMembersAndTheLeaderKnowsHowFarTheOthersAre() throws Exception {
        NodeCluster cluster = three();
        cluster.append("a");
        List<Member> members = List.of(cluster.member("n1"), cluster.member("n2"), cluster.member("n3"));
        cluster.nodes()
                .forEach((id, node) -> Nodes.await(
                        id + " has applied and knows a leader",
                        () -> node.topic("t").isPresent()
                                && node.cluster().view().groups().getFirst().elections() > 0
                                && node.cluster().view().members().equals(members)));
        cluster.whileOneLeads(leader -> {
            for (Map.Entry<String, ReplicatedLog> node : cluster.nodes().entrySet()) {
                String id = node.getKey();
                ClusterView view = node.getValue().cluster().view();
                assertThat(view.nodeId()).isEqualTo(id);
                assertThat(view.groups()).singleElement().satisfies(group -> {
                    assertThat(group.leader()).isEqualTo(leader);
                    assertThat(group.role()).isEqualTo(id.equals(leader) ? "leader" : "follower");
                    assertThat(group.term()).isPositive();
                    assertThat(group.followers()).hasSize(id.equals(leader) ? 2 : 0);
                });
            }
        });
        Nodes.await("followers are up to date", () -> {
            ClusterView.Group group = cluster.lead().cluster().view().groups().getFirst();
            return group.followers().size() == 2
                    && group.followers().stream()
                            .allMatch(follower -> follower.lag() == 0 && follower.silentMs() < 2_000);
        });
        for (String id : List.of("n1", "n2", "n3")) {
            NodeIdentity identity = NodeIdentity.of(new LocalDisk(), cluster.folder(id), id);
            assertThat(identity.formed()).isTrue();
            assertThat(identity.members()).isEqualTo(members);
        }
    }

    @Test
    void aReadAfterABarrierSeesWhatWasAcknowledgedElsewhere() throws Exception {
        NodeCluster cluster = three();
        for (int i = 0; i < 20; i++) {
            cluster.append("value " + i);
            for (ReplicatedLog node : cluster.nodes().values()) {
                Nodes.await("a barrier", () -> {
                    get(node.cluster().barrier(0));
                    return true;
                });
                assertThat(values(node.partition("t", 0))).hasSize(i + 1);
            }
        }
    }

    @Test
    void whoeverListensLearnsOfANewLeader() throws Exception {
        NodeCluster cluster = three();
        Map<String, List<String>> told = new TreeMap<>();
        cluster.nodes().forEach((id, node) -> {
            List<String> leaders = new CopyOnWriteArrayList<>();
            told.put(id, leaders);
            node.cluster().onChange(() -> node.leader("t", 0).ifPresent(leaders::add));
        });
        String killed = cluster.leader();
        told.values().forEach(List::clear);
        cluster.kill(killed);
        told.remove(killed);
        told.forEach((id, leaders) -> Nodes.await(
                id + " was told of another leader",
                () -> !leaders.isEmpty() && !leaders.getLast().equals(killed)));
    }
}
