package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.partition.GroupLogs;
import io.millrace.replication.ratis.RatisFaults;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes come, go, are replaced and drained while records are written.
class MembershipTest {
    private static final MembershipOutcome DONE = new MembershipOutcome.Done();
    /// A leader that is answered by the wrong peer hears of it within a second or two.
    private static final long SILENT_MS = 6_000;

    @TempDir
    Path folder;

    private @Nullable NodeCluster started;

    @AfterEach
    void stop() {
        if (started != null) {
            started.close();
        }
    }

    private NodeCluster cluster(int count) throws Exception {
        NodeCluster cluster = NodeCluster.of(folder, count);
        started = cluster;
        cluster.createTopic("t");
        return cluster;
    }

    private List<String> memberIds(ReplicatedLog node) {
        return node.cluster().view().members().stream().map(Member::nodeId).toList();
    }

    /// Writes through whoever leads until it is told to stop.
    private static final class Writer implements AutoCloseable {
        private final AtomicBoolean stop = new AtomicBoolean();
        private final List<String> sent = new ArrayList<>();
        private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
        private final Thread thread;

        Writer(NodeCluster cluster) {
            thread = new Thread(() -> {
                try {
                    for (int i = 0; !stop.get(); i++) {
                        cluster.append("load " + i);
                        sent.add("load " + i);
                    }
                } catch (Exception e) {
                    failure.set(e);
                }
            });
            thread.start();
        }

        List<String> finish() throws Exception {
            stop.set(true);
            thread.join();
            Exception failed = failure.get();
            if (failed != null) {
                throw failed;
            }
            return sent;
        }

        @Override
        public void close() throws Exception {
            finish();
        }
    }

    @Test
    void aSingleNodeGrowsToThreeUnderLoadAndSurvivesTheLossOfItsFirst() throws Exception {
        NodeCluster cluster = cluster(1);
        List<String> sent;
        try (Writer writer = new Writer(cluster)) {
            for (String id : List.of("n2", "n3")) {
                Member joining = cluster.define(id);
                ReplicatedLog node = cluster.open(id, List.of());
                assertThat(node.health().ready()).isFalse();
                assertThat(node.health().problems()).anyMatch(problem -> problem.contains("a member must add it"));
                assertThat(cluster.change(it -> it.add(joining))).isEqualTo(DONE);
                Nodes.await(id + " is ready", () -> node.health().ready());
            }
            sent = writer.finish();
        }
        assertThat(sent).isNotEmpty();
        for (ReplicatedLog node : cluster.nodes().values()) {
            Nodes.await("all know all", () -> memberIds(node).equals(List.of("n1", "n2", "n3")));
        }
        cluster.awaitEverywhere(sent);
        Nodes.await(
                "addresses are known",
                () -> cluster.node("n3")
                        .cluster()
                        .view()
                        .members()
                        .equals(List.of(cluster.member("n1"), cluster.member("n2"), cluster.member("n3"))));
        // what grew from one survives like what was formed by three
        cluster.kill("n1");
        cluster.append("without n1");
        sent.add("without n1");
        cluster.reopen("n1");
        cluster.awaitEverywhere(sent);
        // and nodes that joined know their peers after a restart, without being told
        cluster.close("n2");
        cluster.reopen("n2");
        cluster.append("n2 is back");
        sent.add("n2 is back");
        cluster.awaitEverywhere(sent);
    }

    @Test
    void addingTheSameAgainIsFineAndAddingADeadAddressFailsSoonAndChangesNothing() throws Exception {
        NodeCluster cluster = cluster(1);
        assertThat(cluster.change(it -> it.add(cluster.member("n1")))).isEqualTo(DONE);
        Member dead = cluster.define("n2");
        long began = System.nanoTime();
        assertThat(cluster.change(it -> it.add(dead)))
                .isInstanceOfSatisfying(
                        MembershipOutcome.Failed.class,
                        failed -> assertThat(failed.message())
                                .contains(dead.raftAddress())
                                .contains("n2"));
        assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(30));
        assertThat(memberIds(cluster.lead())).containsExactly("n1");
        cluster.append("still writing");
        assertThat(cluster.change(
                        it -> it.add(new Member("n2", "d", cluster.member("n1").raftAddress(), ""))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(cluster.change(it -> it.add(new Member("n2", "d", "no-port", ""))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(cluster.change(it -> it.add(new Member("n2", "", "127.0.0.1:1", ""))))
                .isInstanceOf(MembershipOutcome.Refused.class);
    }

    /// It is another peer at the same address. Were it filled by a leader that takes it for the old one, it would
    /// acknowledge and vote in the name of a peer whose promises it has forgotten.
    @Test
    void aWipedNodeIsNotTakenForThePeerThatWasAtItsAddress() throws Exception {
        NodeCluster cluster = cluster(3);
        cluster.append("before");
        String lost = cluster.follower();
        int port = Integer.parseInt(cluster.member(lost).raftAddress().split(":")[1]);
        cluster.kill(lost);
        deleteTree(cluster.folder(lost));
        Member after = cluster.define(lost, port);
        cluster.open(lost, List.of());
        cluster.append("without it");
        Nodes.await(
                "the leader hears nothing of the old peer although somebody listens at its address",
                () -> cluster.lead().cluster().view().groups().getFirst().followers().stream()
                        .anyMatch(follower -> follower.nodeId().equals(lost) && follower.silentMs() > SILENT_MS));
        ClusterView.Group seen = cluster.node(lost).cluster().view().groups().getFirst();
        assertThat(seen.appliedIndex()).isEqualTo(-1);
        assertThat(seen.members()).isEmpty();
        assertThat(cluster.change(it -> it.add(after))).isEqualTo(DONE);
        cluster.append("with it");
        cluster.awaitEverywhere(List.of("before", "without it", "with it"));
    }

    @Test
    void aWipedNodeIsReplacedByAPeerOfTheSameName() throws Exception {
        NodeCluster cluster = cluster(3);
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            cluster.append("before " + i);
            sent.add("before " + i);
        }
        String lost = cluster.follower();
        Member before = cluster.member(lost);
        cluster.kill(lost);
        deleteTree(cluster.folder(lost));
        Member after =
                cluster.define(lost, Integer.parseInt(before.raftAddress().split(":")[1]));
        assertThat(after.directoryId()).isNotEqualTo(before.directoryId());
        cluster.open(lost, List.of());
        assertThat(cluster.change(it -> it.add(after))).isEqualTo(DONE);
        Nodes.await("the new one has taken its place", () -> {
            List<Member> members = cluster.lead().cluster().view().members();
            return members.size() == 3 && members.contains(after) && !members.contains(before);
        });
        cluster.append("after");
        sent.add("after");
        cluster.awaitEverywhere(sent);
        // its vote counts: the two that have it are a majority
        String other = cluster.nodes().keySet().stream()
                .filter(id -> !id.equals(lost) && !id.equals(cluster.leader()))
                .findFirst()
                .orElseThrow();
        cluster.kill(other);
        cluster.append("with two");
        sent.add("with two");
        cluster.awaitEverywhere(sent);
    }

    @Test
    void nodesAreRemovedDownToOneButNotTheLastAndNotAMajority() throws Exception {
        NodeCluster cluster = cluster(3);
        assertThat(cluster.change(it -> it.remove("n9")))
                .isInstanceOfSatisfying(
                        MembershipOutcome.Refused.class,
                        refused -> assertThat(refused.message()).contains("n9").contains("n1"));
        String first = cluster.leader();
        // the leader itself: somebody else takes over and does it
        assertThat(cluster.change(it -> it.remove(first))).isEqualTo(DONE);
        assertThat(cluster.leader()).isNotEqualTo(first);
        assertThat(memberIds(cluster.lead())).hasSize(2).doesNotContain(first);
        Nodes.await(
                "the removed one says so", () -> !cluster.node(first).health().ready());
        cluster.close(first);
        cluster.append("two are left");

        // it may come back as it is
        cluster.reopen(first);
        assertThat(cluster.change(it -> it.add(cluster.member(first)))).isEqualTo(DONE);
        cluster.append("three again");
        Nodes.await("it is ready", () -> cluster.node(first).health().ready());
        assertThat(cluster.change(it -> it.remove(first))).isEqualTo(DONE);
        cluster.close(first);

        String second = cluster.follower();
        assertThat(cluster.change(it -> it.remove(second))).isEqualTo(DONE);
        cluster.close(second);
        cluster.append("one is left");
        assertThat(cluster.change(it -> it.remove(cluster.leader())))
                .isInstanceOfSatisfying(
                        MembershipOutcome.Refused.class,
                        refused -> assertThat(refused.message()).contains("last"));
        cluster.append("and goes on");
    }

    @Test
    void removingAnAnsweringNodeIsRefusedWhenItWouldLoseTheMajority() throws Exception {
        NodeCluster cluster = cluster(3);
        String dead = cluster.follower();
        cluster.kill(dead);
        cluster.whileOneLeads(leader -> {
            String alive = cluster.nodes().keySet().stream()
                    .filter(id -> !id.equals(leader))
                    .findFirst()
                    .orElseThrow();
            Nodes.await(
                    "the leader notices",
                    () -> cluster.node(leader).cluster().view().groups().getFirst().followers().stream()
                            .anyMatch(follower -> follower.silentMs() > 3_200));
            assertThat(get(cluster.node(leader).cluster().remove(alive)))
                    .isInstanceOfSatisfying(
                            MembershipOutcome.Refused.class,
                            refused -> assertThat(refused.message()).contains("majority"));
        });
        assertThat(cluster.change(it -> it.remove(dead))).isEqualTo(DONE);
        cluster.append("two of two");
        Nodes.await(
                "two are left",
                () -> memberIds(cluster.lead()).size() == 2
                        && !memberIds(cluster.lead()).contains(dead));
    }

    @Test
    void leadershipGoesWhereItIsSentAndAwayFromDrainedNodes() throws Exception {
        NodeCluster cluster = cluster(3);
        String second = cluster.follower();
        assertThat(cluster.change(it -> it.transferLeadership(0, Optional.of(second))))
                .isEqualTo(DONE);
        Nodes.await("it leads", () -> cluster.leading().equals(Optional.of(second)));
        cluster.whileOneLeads(leader -> {
            for (Map.Entry<String, ReplicatedLog> node : cluster.nodes().entrySet()) {
                Cluster asked = node.getValue().cluster();
                if (node.getKey().equals(leader)) {
                    assertThat(get(asked.transferLeadership(0, Optional.of("n9"))))
                            .isInstanceOf(MembershipOutcome.Refused.class);
                } else {
                    Nodes.await(
                            node.getKey() + " knows the leader",
                            () -> node.getValue().leader("t", 0).equals(Optional.of(leader)));
                    assertThat(get(asked.transferLeadership(0, Optional.of(leader))))
                            .isEqualTo(new MembershipOutcome.NotLeader(leader));
                }
            }
        });

        assertThat(cluster.change(it -> it.drain(second, true))).isEqualTo(DONE);
        Nodes.await(
                "somebody else leads",
                () -> cluster.leading().filter(id -> !id.equals(second)).isPresent());
        for (ReplicatedLog node : cluster.nodes().values()) {
            Nodes.await("all know", () -> node.cluster().view().draining().equals(List.of(second)));
        }
        assertThat(cluster.change(it -> it.transferLeadership(0, Optional.of(second))))
                .isInstanceOf(MembershipOutcome.Refused.class);
        // both others go away one after the other: a drained node that got the lead gives it back
        String third = cluster.leader();
        String remaining = cluster.nodes().keySet().stream()
                .filter(id -> !id.equals(second) && !id.equals(third))
                .findFirst()
                .orElseThrow();
        assertThat(cluster.change(it -> it.drain(third, true))).isEqualTo(DONE);
        Nodes.await("the last one leads", () -> cluster.leading().equals(Optional.of(remaining)));
        assertThat(cluster.change(it -> it.drain(remaining, true))).isInstanceOf(MembershipOutcome.Refused.class);
        assertThat(cluster.change(it -> it.drain(second, false))).isEqualTo(DONE);
        assertThat(cluster.change(it -> it.drain(remaining, true))).isEqualTo(DONE);
        Nodes.await("it leads again", () -> cluster.leading().equals(Optional.of(second)));
        cluster.append("all the while");
    }

    /// Its consensus stops when it hears that it was removed, and is started again with the members it knows then.
    @Test
    void theConsensusOfANodeThatWasRemovedStartsAgainAndCanBeAdded() throws Exception {
        NodeCluster cluster = cluster(3);
        cluster.append("before");
        String removed = cluster.follower();
        cluster.awaitEverywhere(List.of("before"));
        assertThat(cluster.change(it -> it.remove(removed))).isEqualTo(DONE);
        cluster.append("without it");
        List<Member> others = cluster.nodes().keySet().stream()
                .filter(id -> !id.equals(removed))
                .map(cluster::member)
                .toList();
        RatisFaults.restart(GroupLogs.consensus(cluster.node(removed)), others);
        Nodes.await(
                "it is added again",
                () -> cluster.change(it -> it.add(cluster.member(removed))).equals(DONE));
        cluster.append("with it");
        cluster.awaitEverywhere(List.of("before", "without it", "with it"));
    }

    @Test
    void addressesChangeByARollingRestart() throws Exception {
        NodeCluster cluster = cluster(3);
        List<String> sent = new ArrayList<>();
        List<String> ids = List.of("n1", "n2", "n3");
        cluster.close("n2");
        Member moved = cluster.define("n2"); // another port, the same folder
        List<Member> list = List.of(cluster.member("n1"), moved, cluster.member("n3"));
        for (String id : List.of("n2", "n1", "n3")) {
            if (cluster.nodes().containsKey(id)) {
                cluster.close(id);
            }
            cluster.open(id, list);
            cluster.append("restarted " + id);
            sent.add("restarted " + id);
        }
        cluster.awaitEverywhere(sent);
        for (String id : ids) {
            Nodes.await(
                    "all know the new address",
                    () -> cluster.node(id).cluster().view().members().contains(moved));
            assertThat(NodeIdentity.of(new LocalDisk(), cluster.folder(id), id).members())
                    .contains(moved);
        }
    }

    @Test
    void aLeaderThatStopsHandsOverFirst() throws Exception {
        NodeCluster cluster = cluster(3);
        cluster.append("a");
        String first = cluster.leader();
        ReplicatedLog leaving = cluster.node(first);
        CompletableFuture<String> next = new CompletableFuture<>();
        for (String id : cluster.nodes().keySet()) {
            if (!id.equals(first)) {
                ReplicatedLog node = cluster.node(id);
                node.cluster().onChange(() -> {
                    if (!node.leader("t", 0).orElse(first).equals(first)) {
                        // still open: nobody had to wait for an election timeout
                        next.complete(leaving.health().role());
                    }
                });
            }
        }
        leaving.close();
        // the third node may have voted before the old leader has heard of it
        assertThat(next.get(20, TimeUnit.SECONDS)).isNotEqualTo("closed");
        cluster.nodes().remove(first);
        cluster.append("b"); // not in which term: a busy machine may elect once more
    }

    @Test
    void changesWaitForEachOther() throws Exception {
        NodeCluster cluster = cluster(1);
        List<CompletableFuture<MembershipOutcome>> changes = new ArrayList<>();
        for (String id : List.of("n2", "n3")) {
            cluster.define(id);
            cluster.open(id, List.of());
            changes.add(cluster.node("n1").cluster().add(cluster.member(id)));
        }
        assertThat(cluster.node("n1").cluster().view().transfers())
                .extracting(ClusterView.Transfer::nodeId)
                .contains("n3");
        for (CompletableFuture<MembershipOutcome> change : changes) {
            assertThat(change.get(60, TimeUnit.SECONDS)).isEqualTo(DONE);
        }
        assertThat(memberIds(cluster.lead())).containsExactly("n1", "n2", "n3");
        assertThat(cluster.node("n1").cluster().view().transfers()).isEmpty();
    }

    private static void deleteTree(Path folder) throws Exception {
        try (var files = Files.walk(folder)) {
            for (Path path : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
