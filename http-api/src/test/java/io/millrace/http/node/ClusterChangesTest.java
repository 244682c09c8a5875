package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Nodes are drained, made leader, removed and added over HTTP, through whichever node is asked.
class ClusterChangesTest {
    private static final List<String> IDS = List.of("n1", "n2", "n3");

    @TempDir
    Path folder;

    /// Asks for a change until it is done: while somebody else is being elected nothing has happened.
    private static void change(TestCluster cluster, String asked, String line, String body, String state) {
        String[] words = line.split(" ", 2);
        TestNodes.await(line, () -> {
            Answer answer = Wire.call(cluster.address(asked), words[0] + ' ' + words[1] + "?forward=true", body);
            if (answer.status() == 200) {
                assertThat(answer.body()).contains("\"ok\":true", "\"state\":\"" + state + "\"");
            } else {
                assertThat(answer.status()).as(answer.body()).isIn(202, 307, 409, 503, 504);
            }
            return answer.status() == 200;
        });
    }

    private static String view(TestCluster cluster, String id) throws IOException {
        return Wire.call(cluster.address(id), "GET /v1/cluster", "").body();
    }

    /// How a node shows one of the members.
    private static Optional<String> member(TestCluster cluster, String seenBy, String id) throws IOException {
        String view = view(cluster, seenBy);
        String members = view.substring(0, view.indexOf("\"groups\""));
        int start = members.indexOf("{\"node\":\"" + id + '"');
        return start < 0 ? Optional.empty() : Optional.of(members.substring(start, members.indexOf('}', start)));
    }

    private static void awaitDraining(TestCluster cluster, String id, boolean draining) {
        for (String seenBy : IDS) {
            TestNodes.await(
                    seenBy + " knows whether " + id + " is drained",
                    () -> member(cluster, seenBy, id).orElse("").contains("\"draining\":" + draining));
        }
    }

    @Test
    void aDrainedNodeGivesTheLeadAwayAndGetsItAgainWhenItMay() throws Exception {
        try (TestCluster cluster = new TestCluster(folder, 3)) {
            cluster.startAll();
            String drained = cluster.awaitLeader();
            String other =
                    IDS.stream().filter(id -> !id.equals(drained)).findFirst().orElseThrow();
            change(cluster, other, "POST /v1/cluster/nodes/" + drained + "/drain", "", "drained");
            TestNodes.await(
                    "somebody else leads",
                    () -> cluster.leader().filter(id -> !id.equals(drained)).isPresent());
            awaitDraining(cluster, drained, true);
            cluster.whileOneLeads((leader, follower) -> assertThat(Wire.call(
                                    cluster.address(leader),
                                    "POST /v1/cluster/leader",
                                    "{\"node\":\"" + drained + "\"}")
                            .body())
                    .contains("\"error\":\"refused\"", "drained"));

            change(
                    cluster,
                    other,
                    "POST /v1/cluster/nodes/" + drained + "/drain",
                    "{\"draining\":false}",
                    "allowed to lead");
            awaitDraining(cluster, drained, false);
            change(cluster, other, "POST /v1/cluster/leader", "{\"node\":\"" + drained + "\"}", "leading");
            TestNodes.await("it leads again", () -> cluster.leader().equals(Optional.of(drained)));
            assertThat(Wire.call(
                                    cluster.address(drained),
                                    "POST /v1/cluster/nodes/" + drained + "/drain",
                                    "{\"draining\":\"no\"}")
                            .body())
                    .contains("invalid_value");
        }
    }

    /// The answer says who leads since which term: a write that this node refuses right then is one that a
    /// later election has refused.
    @Test
    void whoeverGotTheLeadTakesWritesByTheTimeOfTheAnswer() throws Exception {
        try (TestCluster cluster = new TestCluster(folder, 3)) {
            cluster.startAll();
            TestNodes.await(
                    "a topic",
                    () -> Wire.call(
                                            cluster.address("n1"),
                                            "POST /broker/topics?forward=true",
                                            "{\"name\":\"t\",\"partitions\":1}")
                                    .status()
                            == 200);
            for (int move = 0; move < 4; move++) {
                String successor = cluster.aFollower();
                List<Long> terms = new ArrayList<>();
                TestNodes.await("the lead of " + successor, () -> {
                    Answer answer = Wire.call(
                            cluster.address(cluster.awaitLeader()),
                            "POST /v1/cluster/leader",
                            "{\"node\":\"" + successor + "\"}");
                    if (answer.status() != 200) {
                        assertThat(answer.status()).as(answer.body()).isIn(202, 307, 409, 503, 504);
                        return false;
                    }
                    assertThat(answer.body())
                            .startsWith("{\"ok\":true,\"node\":\"" + successor
                                    + "\",\"state\":\"leading\",\"group\":0,\"term\":");
                    terms.add(Long.parseLong(answer.body().replaceAll("(?s).*\"term\":|\\}.*", "")));
                    return true;
                });
                Answer written = Wire.call(cluster.address(successor), "POST /broker/topics/t/produce", "move " + move);
                if (written.status() != 200) {
                    assertThat(cluster.awaitTerm())
                            .as("term after %s", written.body())
                            .isGreaterThan(terms.getLast());
                }
            }
        }
    }

    @Test
    void aRemovedNodeIsAMemberNoLongerAndCatchesUpWhenItIsAddedAgain() throws Exception {
        try (TestCluster cluster = new TestCluster(folder, 3)) {
            cluster.startAll();
            TestNodes.await(
                    "a topic",
                    () -> Wire.call(
                                            cluster.address("n1"),
                                            "POST /broker/topics?forward=true",
                                            "{\"name\":\"t\",\"partitions\":1}")
                                    .status()
                            == 200);
            String removed = cluster.aFollower();
            String other =
                    IDS.stream().filter(id -> !id.equals(removed)).findFirst().orElseThrow();
            String directory = member(cluster, other, removed).orElseThrow().replaceAll(".*\"directory\":\"|\".*", "");
            assertThat(directory).isNotEmpty();
            change(cluster, other, "DELETE /v1/cluster/nodes/" + removed, "", "removed");
            for (String id : IDS) {
                TestNodes.await(
                        id + " is shown two members",
                        () -> id.equals(removed) || member(cluster, id, removed).isEmpty());
            }
            TestNodes.await("it is not ready", () -> TestCluster.status(cluster.node(removed)) == 503);
            TestNodes.await(
                    "two of two write",
                    () -> Wire.call(
                                            cluster.address(other),
                                            "POST /broker/topics/t/produce?forward=true&idempotency_key=k",
                                            "without it")
                                    .status()
                            == 200);

            change(
                    cluster,
                    other,
                    "POST /v1/cluster/nodes",
                    "{\"node\":\"%s\",\"directory\":\"%s\",\"raft\":\"%s\",\"http\":\"%s\"}"
                            .formatted(removed, directory, cluster.raftAddress(removed), cluster.address(removed)),
                    "added");
            cluster.awaitReady();
            TestNodes.await(
                    "it has what it missed",
                    () -> Wire.call(cluster.address(removed), "GET /broker/consume/t/g/0?offset=0", "")
                            .body()
                            .contains("without it"));
        }
    }
}
