package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Three nodes in one process, as clients see them.
class ClusterOverHttpTest {
    @TempDir
    static Path folder;

    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        cluster = new TestCluster(folder, 3);
        cluster.startAll();
        TestNodes.await(
                "the topic is made",
                () -> Wire.call(
                                        cluster.address(cluster.awaitLeader()),
                                        "POST /broker/topics",
                                        "{\"name\":\"orders\",\"partitions\":2}")
                                .status()
                        == 200);
        for (String id : List.of("n1", "n2", "n3")) {
            TestNodes.await(id + " knows the topic", () -> status(id, "GET /broker/topics/orders") == 200);
        }
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static int status(String id, String line) {
        try {
            return Wire.call(cluster.address(id), line, "").status();
        } catch (IOException gone) {
            return 0;
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            POST /broker/topics/orders/produce?partition=0&key=a%20b      | tea
            POST /broker/topics/orders/produce-ndjson?partition=0         | {}
            POST /broker/topics/orders/produce-batch                      | {"records":[{"value":1}]}
            POST /broker/commit                                           | {"topic":"orders","group":"g","partition":0,"offset":0}
            POST /broker/topics                                           | {"name":"other"}
            DELETE /broker/topics/orders                                  | ''
            POST /broker/delete-before                                    | {"topic":"orders","partition":0,"before_offset":0}
            POST /broker/retention                                        | {"topic":"orders","ttl_ms":100000}
            POST /v1/sql                                                  | CREATE STREAM s (a BIGINT) WITH (topic = 'orders')
            POST /v1/cluster/leader                                       | {}
            """)
    void aWriteOnAFollowerIsAnsweredWithTheAddressOfTheLeader(String line, String body) throws Exception {
        cluster.whileOneLeads((leading, follower) -> {
            URI leader = cluster.address(leading);
            try (Wire wire = new Wire(cluster.address(follower))) {
                Answer answer = wire.request(line, body);
                assertThat(answer.status()).as(answer.body()).isEqualTo(307);
                assertThat(answer.header("Location")).isEqualTo(leader + line.substring(line.indexOf('/')));
                assertThat(answer.header("Retry-After")).isNotEmpty();
                assertThat(answer.body())
                        .contains("\"error\":\"not_leader\"")
                        .contains("\"leader_url\":\"" + leader + "\"");
                assertThat(wire.request("GET /health", "").status())
                        .as("the connection goes on")
                        .isEqualTo(200);
            }
        });
    }

    @Test
    void aFollowerForwardsWhenItIsAskedToAndServesWhatWasWritten() throws Exception {
        cluster.whileOneLeads((leader, id) -> aFollowerForwards(cluster.address(id), "once-" + System.nanoTime()));
    }

    private static void aFollowerForwards(URI follower, String key) throws IOException {
        Answer written = Wire.call(
                follower,
                "POST /broker/topics/orders/produce?partition=1&forward=true&idempotency_key=" + key,
                "forwarded",
                "X-Record-Header-via: follower",
                "X-Request-Id: my-own-id");
        assertThat(written.status()).as(written.body()).isEqualTo(200);
        assertThat(written.body()).contains("\"partition\":1").contains("\"synced\":true");
        assertThat(written.header("X-Request-Id")).isEqualTo("my-own-id");
        Answer again = Wire.call(
                follower,
                "POST /broker/topics/orders/produce?partition=1&forward=true&idempotency_key=" + key,
                "forwarded");
        assertThat(again.body()).contains("\"duplicate\":true");
        Answer read = Wire.call(follower, "GET /broker/consume/orders/g/1?offset=0&consistency=linearizable", "");
        assertThat(read.body()).contains("\"value\":\"forwarded\"").contains("\"via\":\"follower\"");
        Answer committed = Wire.call(
                follower,
                "POST /broker/commit?forward=1",
                "{\"topic\":\"orders\",\"group\":\"fw\",\"partition\":1,\"offset\":0}");
        assertThat(committed.body()).contains("\"committed_offset\":0");
        Answer refused = Wire.call(follower, "POST /broker/topics/nothing/produce?forward=true", "x");
        assertThat(refused.status()).isEqualTo(404);
        assertThat(refused.body()).contains("unknown_topic");
    }

    /// Followers hear of what is committed after the leader has answered: the race is lost now and then in so many
    /// rounds, not in each.
    @Test
    void aFollowerThatIsBehindDoesNotSayThatSomethingDoesNotExist() throws Exception {
        cluster.whileOneLeads((leader, follower) -> {
            for (int round = 0; round < 200; round++) {
                String topic = round % 10 == 0 ? "behind-" + System.nanoTime() : "orders";
                if (!topic.equals("orders")) {
                    ask(leader, "POST /broker/topics", "{\"name\":\"%s\",\"partitions\":1}".formatted(topic));
                    ask(follower, "GET /broker/topics/" + topic, "");
                }
                Matcher written = Pattern.compile("\"offset\":(\\d+)")
                        .matcher(ask(leader, "POST /broker/topics/" + topic + "/produce?partition=0", "x"));
                assertThat(written.find()).isTrue();
                long next = 1 + Long.parseLong(written.group(1));
                ask(follower, "GET /broker/consume/%s/g/0?offset=%d".formatted(topic, next), "");
            }
            assertThat(Wire.call(cluster.address(follower), "GET /broker/consume/orders/g/0?offset=999999", "")
                            .status())
                    .isEqualTo(416);
            assertThat(Wire.call(cluster.address(follower), "GET /broker/consume/nothing/g/0", "")
                            .status())
                    .isEqualTo(404);
            assertThat(Wire.call(cluster.address(follower), "GET /broker/tail/nothing", "")
                            .status())
                    .isEqualTo(404);
            assertThat(Wire.call(
                                    cluster.address(follower),
                                    "GET /broker/consume/orders/g/one?consistency=linearizable",
                                    "")
                            .status())
                    .isEqualTo(400);
        });
    }

    private static String ask(String id, String line, String body) throws IOException {
        Answer answer = Wire.call(cluster.address(id), line, body);
        assertThat(answer.status()).as("%s on %s: %s", line, id, answer.body()).isEqualTo(200);
        return answer.body();
    }

    @Test
    void whatWasForwardedOnceIsNotForwardedAgain() throws Exception {
        cluster.whileOneLeads((leader, follower) -> {
            Answer answer = Wire.call(
                    cluster.address(follower),
                    "POST /broker/topics/orders/produce?forward=true",
                    "x",
                    "X-Millrace-Forwarded-By: n9");
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.body()).contains("no_leader");
            assertThat(answer.header("Retry-After")).isNotEmpty();
        });
    }

    @Test
    void anyNodeAnswersAQueryAndALargeBodyIsRedirectedUnread() throws Exception {
        cluster.whileOneLeads((leader, id) -> {
            URI follower = cluster.address(id);
            Answer query = Wire.call(follower, "POST /v1/sql", "SELECT 1 + 1");
            assertThat(query.status()).as(query.body()).isEqualTo(200);
            try (Wire wire = new Wire(follower)) {
                wire.send("POST /broker/topics/orders/produce HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n"
                        + "Expect: 100-continue\r\n\r\n");
                assertThat(wire.answer().status()).isEqualTo(307);
            }
        });
    }

    @Test
    void everyNodeShowsTheClusterAndTheLeaderShowsLag() throws Exception {
        cluster.whileOneLeads(ClusterOverHttpTest::theClusterIsShown);
    }

    private static void theClusterIsShown(String leader, String follower) throws IOException {
        for (String id : List.of("n1", "n2", "n3")) {
            Answer shown = Wire.call(cluster.address(id), "GET /v1/cluster", "");
            assertThat(shown.body())
                    .contains("\"node\":\"" + id + "\"")
                    .contains("\"leader\":\"" + leader + "\"")
                    .contains("\"node\":\"n1\",\"directory\":")
                    .contains("\"http\":\"" + cluster.address("n3") + "\"");
        }
        Answer lag = Wire.call(cluster.address(leader), "GET /v1/cluster", "");
        assertThat(lag.body()).contains("\"followers\":[{\"node\":").contains("\"lag\":");
        assertThat(Wire.call(cluster.address(leader), "GET /metrics_ha", "").body())
                .contains("millrace_ha_role{group=\"0\",role=\"leader\"} 1\n")
                .contains("millrace_ha_members 3\n")
                .contains("millrace_ha_follower_lag_entries{group=\"0\",node=");
        Answer topic = Wire.call(cluster.address(follower), "GET /broker/topics/orders", "");
        assertThat(topic.body()).contains("\"leader\":\"" + leader + "\",\"replicas\":[\"n1\",\"n2\",\"n3\"]");
    }

    @Test
    void identityTellsTheFolderAndItsMembers() throws Exception {
        Answer answer = Wire.call(cluster.address("n2"), "GET /_cluster/identity", "");
        assertThat(answer.body())
                .startsWith("{\"ok\":true,\"node\":\"n2\",\"directory\":\"")
                .contains("\"formed\":true,\"nodes\":[\"n1\",\"n2\",\"n3\"]")
                .contains("{\"node\":\"n3\",\"directory\":\"");
    }

    @Test
    void mistakesAboutTheClusterAreTold() throws Exception {
        cluster.whileOneLeads((id, follower) -> mistakesAreTold(cluster.address(id)));
    }

    private static void mistakesAreTold(URI leader) throws IOException {
        assertThat(Wire.call(leader, "DELETE /v1/cluster/nodes/n9", "").body())
                .contains("refused")
                .contains("Members: n1, n2, n3");
        assertThat(Wire.call(leader, "POST /v1/cluster/reassign", "{}").status())
                .isEqualTo(422);
        assertThat(Wire.call(leader, "POST /v1/cluster/leader", "{\"group\":7}").status())
                .isEqualTo(422);
        assertThat(Wire.call(leader, "GET /_cluster/copies/none/file", "").body())
                .contains("unknown_copy");
        assertThat(Wire.call(leader, "GET /broker/consume/orders/g/0?consistency=strong", "")
                        .status())
                .isEqualTo(400);
    }
}
