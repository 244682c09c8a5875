package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.partition.GroupLogs;
import io.millrace.replication.ratis.RatisFaults;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the consensus library does not notice, or does not recover from, by itself.
class WatchdogTest {
    /// Usually below 2 s. Without the watchdog it is the request's timeout, 20 s.
    private static final long ANSWER_MS_MAX = 8_000;

    private static final String STALLED = "millrace.replication.stalledMs";

    @TempDir
    Path folder;

    private final Links links = new Links();
    private @Nullable NodeCluster started;

    @AfterEach
    void stop() throws IOException {
        System.clearProperty(STALLED);
        links.thaw();
        if (started != null) {
            started.close();
        }
        links.close();
    }

    private NodeCluster three() throws Exception {
        NodeCluster cluster = NodeCluster.of(folder, 3, links);
        started = cluster;
        cluster.createTopic("t");
        cluster.append("first");
        cluster.awaitEverywhere(List.of("first"));
        return cluster;
    }

    private static CompletableFuture<AppendOutcome> send(ReplicatedLog node, String value, Acknowledgement how) {
        return node.append(new AppendRequest("t", 0, records(value), how, value, 1, -1, null));
    }

    /// Fails unless the append is answered in time, and not with success.
    private static void assertNotAppendedInTime(ReplicatedLog node, String value) throws Exception {
        long began = System.nanoTime();
        try {
            assertThat(send(node, value, Acknowledgement.QUORUM).get(Nodes.PATIENCE_S, TimeUnit.SECONDS))
                    .isInstanceOf(AppendOutcome.NotLeader.class);
        } catch (ExecutionException e) {
            assertThat(e).hasCauseInstanceOf(OutcomeUnknownException.class);
        }
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)).isLessThan(ANSWER_MS_MAX);
    }

    @Test
    void aLeaderThatIsCutOffAnswersSoonAndNeverSuccess() throws Exception {
        NodeCluster cluster = three();
        String cut = cluster.leader();
        ReplicatedLog node = cluster.node(cut);
        links.freeze(cut);
        long frozen = System.nanoTime();
        assertNotAppendedInTime(node, "while cut off");
        while (System.nanoTime() - frozen < TimeUnit.SECONDS.toNanos(6)) {
            assertNotAppendedInTime(node, "later " + System.nanoTime());
        }
        assertThat(node.leads("t", 0)).isFalse();
        assertThat(node.health().ready()).isFalse();
        assertThatThrownBy(() -> node.cluster().barrier(0).get(Nodes.PATIENCE_S, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class);
        // the others go on meanwhile
        String next = cluster.leader();
        assertThat(next).isNotEqualTo(cut);
        cluster.append("second");
        links.thaw();
        Nodes.await("all agree", () -> {
            List<String> all = values(cluster.node("n1").partition("t", 0));
            return all.size() >= 2
                    && all.equals(values(cluster.node("n2").partition("t", 0)))
                    && all.equals(values(cluster.node("n3").partition("t", 0)));
        });
        assertThat(values(node.partition("t", 0))).startsWith("first").contains("second");
    }

    @Test
    void whenBothFollowersAreFrozenNothingIsAcknowledgedAndNothingHangs() throws Exception {
        NodeCluster cluster = three();
        ReplicatedLog leader = cluster.lead();
        List<CompletableFuture<AppendOutcome>> waiting = new ArrayList<>();
        for (String id : List.of("n1", "n2", "n3")) {
            links.freeze(id);
        }
        long began = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            waiting.add(send(leader, "value " + i, Acknowledgement.QUORUM));
        }
        for (CompletableFuture<AppendOutcome> answer : waiting) {
            try {
                assertThat(answer.get(Nodes.PATIENCE_S, TimeUnit.SECONDS)).isInstanceOf(AppendOutcome.NotLeader.class);
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(OutcomeUnknownException.class);
            }
        }
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began)).isLessThan(ANSWER_MS_MAX);
        links.thaw();
        cluster.append("again");
    }

    @Test
    void anAppendToAllReplicasIsUnknownWhenOneStaysAwayAndQuorumAppendsGoOn() throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        cluster.adjust = settings -> Nodes.withRequestTimeout(settings, Duration.ofSeconds(3));
        cluster.form(3);
        cluster.createTopic("t");
        String away = cluster.follower();
        cluster.whileOneLeads(leader -> assertThat(get(send(cluster.node(leader), "a", Acknowledgement.ALL)))
                .isInstanceOfAny(AppendOutcome.Appended.class, AppendOutcome.Duplicate.class));
        cluster.kill(away);
        cluster.whileOneLeads(leader -> {
            String value = "b " + System.nanoTime();
            long began = System.nanoTime();
            assertThatThrownBy(() -> get(send(cluster.node(leader), value, Acknowledgement.ALL)))
                    .hasCauseInstanceOf(OutcomeUnknownException.class)
                    .hasMessageContaining("majority");
            assertThat(System.nanoTime() - began).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(2_500));
        });
        cluster.append("c");
    }

    @Test
    void aClosedGroupIsStartedAgainInPlace() throws Exception {
        NodeCluster cluster = three();
        String id = cluster.follower();
        ReplicatedLog node = cluster.node(id);
        RatisFaults.closeDivision(GroupLogs.consensus(node));
        assertThat(node.health().ready()).isFalse();
        cluster.append("meanwhile");
        Nodes.await("it is ready again", () -> node.health().ready());
        cluster.append("after");
        cluster.awaitEverywhere(List.of("first", "meanwhile", "after"));
        assertThat(node.metrics().get("replication_restarts_total")).isGreaterThanOrEqualTo(1.0);
    }

    @Test
    void aLeaderWhoseLogHasFailedGivesWayAndComesBackInPlace() throws Exception {
        NodeCluster cluster = three();
        String id = cluster.leader();
        ReplicatedLog node = cluster.node(id);
        RatisFaults.failLog(GroupLogs.consensus(node), new IOException("No space left on device"));
        assertThat(node.leads("t", 0)).isFalse();
        assertThat(node.health().problems()).anyMatch(problem -> problem.contains("No space left on device"));
        cluster.append("meanwhile");
        Nodes.await("it is ready again", () -> node.health().ready());
        cluster.append("after");
        cluster.awaitEverywhere(List.of("first", "meanwhile", "after"));
    }

    @Test
    void aSingleNodeWhoseServerHasClosedComesBackInPlaceAndLosesNothing() throws Exception {
        NodeCluster cluster = NodeCluster.of(folder, 1);
        started = cluster;
        cluster.createTopic("t");
        cluster.append("first");
        ReplicatedLog node = cluster.node("n1");
        for (int round = 0; round < 2; round++) {
            RatisFaults.closeServer(GroupLogs.consensus(node));
            cluster.append("round " + round);
        }
        assertThat(values(node.partition("t", 0))).containsExactly("first", "round 0", "round 1");
    }

    /// Three nodes whose leaders are given up when they have decided nothing for two seconds.
    private NodeCluster impatient() throws Exception {
        System.setProperty(STALLED, "2000");
        return three();
    }

    @Test
    void aLeaderThatHasForgottenToEndAHandOverGivesTheLeadUp() throws Exception {
        NodeCluster cluster = impatient();
        cluster.whileOneLeads(id -> {
            ReplicatedLog node = cluster.node(id);
            String successor = cluster.follower();
            RatisFaults.forgetHandOver(
                    GroupLogs.consensus(node), cluster.member(successor).peerId());
            assertThat(get(send(node, "refused", Acknowledgement.QUORUM))).isEqualTo(new AppendOutcome.NotLeader(id));
            cluster.append("second");
            assertThat(node.metrics().get("replication_leads_given_up_total")).isGreaterThanOrEqualTo(1.0);
        });
        cluster.awaitEverywhere(List.of("first", "second"));
    }

    /// Applies nothing any more once it is to apply a record, until it is let go.
    private static final class Hanging implements AutoCloseable {
        final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private final AutoCloseable listening;

        Hanging(ReplicatedLog node) {
            listening = node.onAppend(appended -> {
                begun.countDown();
                try {
                    released.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }

        @Override
        public void close() throws Exception {
            listening.close();
            released.countDown();
        }
    }

    @Test
    void aNodeThatAppliesNothingDoesNotKeepTheLeadThatItWasGiven() throws Exception {
        NodeCluster cluster = impatient();
        String id = cluster.follower();
        ReplicatedLog node = cluster.node(id);
        try (Hanging hanging = new Hanging(node)) {
            cluster.append("second");
            Nodes.await("it hangs", () -> hanging.begun.getCount() == 0);
            // it has everything in its log, so it is elected; it never becomes ready
            Nodes.await("it was elected", () -> {
                GroupLogs.consensus(cluster.lead())
                        .group()
                        .transfer(cluster.member(id).peerId(), 2_000)
                        .get(Nodes.PATIENCE_S, TimeUnit.SECONDS);
                return true;
            });
            cluster.append("third");
            assertThat(node.leads("t", 0)).isFalse();
        }
        cluster.awaitEverywhere(List.of("first", "second", "third"));
    }

    @Test
    void aLeaderThatAppliesNothingAnyMoreHandsOver() throws Exception {
        NodeCluster cluster = impatient();
        cluster.whileOneLeads(id -> {
            ReplicatedLog node = cluster.node(id);
            try (Hanging hanging = new Hanging(node)) {
                CompletableFuture<AppendOutcome> unanswered = send(node, "second", Acknowledgement.QUORUM);
                Nodes.await("it hangs, or refuses", () -> hanging.begun.getCount() == 0 || unanswered.isDone());
                assertThat(hanging.begun.getCount()).isZero();
                Nodes.await(
                        "somebody else leads",
                        () -> cluster.leading()
                                .filter(leader -> !leader.equals(id))
                                .isPresent());
                cluster.append("third");
            }
        });
        cluster.awaitEverywhere(List.of("first", "second", "third"));
    }

    @Test
    void aFullLeaderHandsOverToOneThatIsNot() throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        List<LimitedDisk> disks = new ArrayList<>();
        cluster.adjust = settings -> Nodes.withFreeBytesMin(settings, 1_000);
        cluster.form(3, null, id -> {
            LimitedDisk disk = new LimitedDisk();
            disks.add(disk);
            return disk;
        });
        cluster.createTopic("t");
        cluster.append("first");
        String full = cluster.leader();
        disks.get(Integer.parseInt(full.substring(1)) - 1).usableBytes = 999;
        Nodes.await(
                "somebody else leads",
                () -> cluster.leading().filter(id -> !id.equals(full)).isPresent());
        cluster.append("second");
        cluster.awaitEverywhere(List.of("first", "second"));
        // all of them: everybody says so, and it ends by itself
        disks.forEach(disk -> disk.usableBytes = 999);
        Nodes.await(
                "nobody accepts",
                () -> get(send(cluster.lead(), "third", Acknowledgement.QUORUM)) instanceof AppendOutcome.DiskFull);
        disks.forEach(disk -> disk.usableBytes = 1_000);
        cluster.append("third");
        cluster.awaitEverywhere(List.of("first", "second", "third"));
    }

    @Test
    void aFollowerStopsBeforeItsDiskIsFullAndComesBackByItself() throws Exception {
        NodeCluster cluster = new NodeCluster(folder);
        started = cluster;
        List<LimitedDisk> disks = new ArrayList<>();
        cluster.adjust = settings -> Nodes.withFreeBytesMin(settings, 1_000);
        cluster.form(3, null, id -> {
            LimitedDisk disk = new LimitedDisk();
            disks.add(disk);
            return disk;
        });
        cluster.createTopic("t");
        cluster.append("first");
        cluster.awaitEverywhere(List.of("first"));
        String id = cluster.follower();
        ReplicatedLog full = cluster.node(id);
        LimitedDisk disk = disks.get(Integer.parseInt(id.substring(1)) - 1);
        disk.usableBytes = 500; // refuses, but takes part
        Nodes.await("it says so", () -> !full.health().ready());
        cluster.append("second");
        cluster.awaitEverywhere(List.of("first", "second"));
        disk.usableBytes = 499;
        Nodes.await("it stops", () -> full.health().role().equals("closed"));
        Nodes.await(
                "it says why",
                () -> full.health().problems().stream().anyMatch(problem -> problem.contains("499 bytes left")));
        cluster.append("third");
        assertThat(values(full.partition("t", 0))).containsExactly("first", "second"); // reads go on
        disk.usableBytes = 1_000;
        Nodes.await("it is back", () -> full.health().ready());
        cluster.awaitEverywhere(List.of("first", "second", "third"));
    }
}
