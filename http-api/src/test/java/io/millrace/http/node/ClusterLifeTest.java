package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How nodes become a cluster, lose a node and get it back.
class ClusterLifeTest {
    @TempDir
    Path folder;

    @Test
    void aClusterIsMadeWhenItsLastNodeIsUpAndAStoppedLeaderIsReplaced() throws Exception {
        try (TestCluster cluster = new TestCluster(folder, 3)) {
            cluster.start("n1");
            cluster.start("n2");
            URI first = cluster.address("n1");
            TestNodes.await(
                    "n1 says whom it waits for", () -> body(first, "GET /ready").contains("waiting for node n3"));
            Answer waiting = Wire.call(first, "GET /ready", "");
            assertThat(waiting.status()).isEqualTo(503);
            assertThat(waiting.body())
                    .contains("all nodes must be up once when a cluster is made")
                    .doesNotContain("waiting for node n2");
            assertThat(Wire.call(first, "GET /health/live", "").status()).isEqualTo(200);
            Answer early = Wire.call(first, "POST /broker/topics/t/produce", "x");
            assertThat(early.status()).isEqualTo(503);
            assertThat(early.body()).contains("not_ready");
            assertThat(early.header("Retry-After")).isNotEmpty();
            assertThat(body(first, "GET /_cluster/identity")).contains("\"formed\":false");

            cluster.start("n3");
            cluster.awaitReady();
            String leader = cluster.awaitLeader();
            createTopic(cluster);
            produce(cluster, "one");

            cluster.stop(leader);
            String next = cluster.awaitLeader();
            assertThat(next).isNotEqualTo(leader);
            produce(cluster, "two");
            produce(cluster, "three");

            cluster.start(leader);
            URI back = cluster.address(leader);
            TestNodes.await(
                    "the node that was away has what it missed",
                    () -> body(back, "GET /broker/consume/t/g/0?offset=0").contains("\"count\":3"));
            assertThat(body(back, "GET /broker/consume/t/g/0?offset=0"))
                    .containsSubsequence("\"one\"", "\"two\"", "\"three\"");
            cluster.awaitReady();
        }
    }

    @Test
    void aDamagedFolderIsSetAsideAndTheNodeComesBackAsANewVoter() throws Exception {
        try (TestCluster cluster = new TestCluster(folder, 3)) {
            cluster.startAll();
            createTopic(cluster);
            produce(cluster, "kept");
            String follower = cluster.aFollower();
            String before = body(cluster.address(follower), "GET /_cluster/identity");
            cluster.stop(follower);
            Files.writeString(folder.resolve(follower).resolve("node.properties"), "rubbish");

            cluster.start(follower);
            cluster.awaitReady();
            URI back = cluster.address(follower);
            assertThat(body(back, "GET /_cluster/identity"))
                    .startsWith(before.substring(0, before.indexOf("\"directory\"")))
                    .doesNotContain(directory(before))
                    .contains("\"formed\":true");
            TestNodes.await(
                    "it has what was kept",
                    () -> body(back, "GET /broker/consume/t/g/0?offset=0&consistency=linearizable")
                            .contains("\"kept\""));
            TestNodes.await(
                    "it is a member",
                    () -> body(back, "GET /v1/cluster").contains(directory(body(back, "GET /_cluster/identity"))));
            try (Stream<Path> files = Files.list(folder.resolve(follower))) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .anyMatch(name -> name.startsWith("aside-"));
            }
        }
    }

    private static String directory(String identity) {
        int start = identity.indexOf("\"directory\":\"") + "\"directory\":\"".length();
        return identity.substring(start, identity.indexOf('"', start));
    }

    @Test
    void aNodeByItselfGrowsWhileItRuns() throws Exception {
        try (Node first = TestNodes.start(folder.resolve("n1"))) {
            Wire.call(first.address(), "POST /broker/topics", "{\"name\":\"t\",\"partitions\":1}");
            Wire.call(first.address(), "POST /broker/topics/t/produce", "before");
            try (Node second = TestNodes.start(
                    folder.resolve("n2"),
                    "cluster.node-id",
                    "n2",
                    "cluster.join",
                    first.address().toString())) {
                TestNodes.await("n2 is ready", () -> TestCluster.status(second) == 200);
                TestNodes.await(
                        "n2 has what was before",
                        () -> body(second.address(), "GET /broker/consume/t/g/0?offset=0")
                                .contains("\"before\""));
                TestNodes.await("n1 knows n2", () -> {
                    String view = body(first.address(), "GET /v1/cluster");
                    return view.contains("\"node\":\"n2\"")
                            && view.contains(second.address().toString());
                });
                Answer elsewhere = Wire.call(second.address(), "POST /broker/topics/t/produce", "after");
                assertThat(elsewhere.status()).isEqualTo(307);
                assertThat(elsewhere.header("Location"))
                        .startsWith(first.address().toString());
                Answer written = Wire.call(first.address(), "POST /broker/topics/t/produce?ack=leader", "after");
                assertThat(written.body()).as("one of two nodes is no quorum").contains("\"synced\":false");
            }
        }
    }

    private static void produce(TestCluster cluster, String value) throws Exception {
        cluster.whileOneLeads((leader, follower) -> {
            Answer answer = Wire.call(
                    cluster.address(leader),
                    "POST /broker/topics/t/produce?partition=0&idempotency_key=" + value,
                    value);
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(answer.body()).containsAnyOf("\"synced\":true", "\"duplicate\":true");
        });
    }

    private static void createTopic(TestCluster cluster) {
        TestNodes.await(
                "the topic is made",
                () -> Wire.call(
                                        cluster.address(cluster.awaitLeader()),
                                        "POST /broker/topics",
                                        "{\"name\":\"t\",\"partitions\":1}")
                                .status()
                        == 200);
    }

    private static String body(URI node, String line) {
        try {
            return Wire.call(node, line, "").body();
        } catch (java.io.IOException gone) {
            return "";
        }
    }
}
