package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes with three groups, as clients see them. Leaders may move while this runs.
class GroupsOverHttpTest {
    private static final List<String> NODES = List.of("n1", "n2", "n3");
    private static final int PARTITIONS = 6;

    @TempDir
    static Path folder;

    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        System.setProperty("millrace.groups.fitMs", "1000");
        cluster = new TestCluster(folder, 3);
        for (String id : NODES) {
            cluster.start(id, "raft.groups", "3");
        }
        cluster.awaitReady();
        ask("n1", "POST /broker/topics?forward=true", "{\"name\":\"orders\",\"partitions\":" + PARTITIONS + "}");
        TestNodes.await("leaders are spread", () -> {
            try {
                Answer shown = Wire.call(cluster.address("n1"), "GET /v1/cluster", "");
                return NODES.stream().allMatch(id -> shown.body().contains("\"leader\":\"" + id + "\""));
            } catch (IOException gone) {
                return false;
            }
        });
    }

    @AfterAll
    static void stop() {
        System.clearProperty("millrace.groups.fitMs");
        cluster.close();
    }

    /// The answer 200 of a node, after an election if need be.
    private static String ask(String id, String line, String body) {
        String[] good = {""};
        TestNodes.await(line + " is answered 200 by " + id, () -> {
            try {
                Answer answer = Wire.call(cluster.address(id), line, body);
                good[0] = answer.body();
                return answer.status() == 200;
            } catch (IOException gone) {
                return false;
            }
        });
        return good[0];
    }

    /// Statements that write go to the leader of group 0, whoever that is now.
    private static void sql(String statement) {
        TestNodes.await(statement, () -> {
            try {
                if (cluster.leader().isPresent()) {
                    Answer answer =
                            Wire.call(cluster.address(cluster.leader().orElseThrow()), "POST /v1/sql", statement);
                    return answer.status() == 200;
                }
                return false;
            } catch (IOException | java.util.NoSuchElementException gone) {
                return false;
            }
        });
    }

    @Test
    void oneRecordGoesToTheLeaderOfItsPartitionByRedirect() throws Exception {
        TreeSet<String> leaders = new TreeSet<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            String line = "POST /broker/topics/orders/produce?partition=" + partition;
            int number = partition;
            TestNodes.await("partition " + partition + " takes a record", () -> {
                try {
                    for (String id : NODES) {
                        Answer answer = Wire.call(cluster.address(id), line, "p" + number);
                        if (answer.status() == 200) {
                            leaders.add(id);
                            return true;
                        }
                        assertThat(answer.status()).as(answer.body()).isIn(307, 503);
                    }
                    return false;
                } catch (IOException gone) {
                    return false;
                }
            });
        }
        assertThat(leaders).hasSizeGreaterThan(1);
    }

    @Test
    void aBatchOverAllPartitionsIsTakenByAnyNodeAndReadOnAll() throws Exception {
        ask("n1", "POST /broker/topics?forward=true", "{\"name\":\"spread\",\"partitions\":" + PARTITIONS + "}");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            lines.append("{\"id\":\"k").append(i).append("\"}\n");
        }
        int round = 0;
        for (String id : NODES) { // the same body with the same key is written once
            String said = ask(
                    id,
                    "POST /broker/topics/spread/produce-ndjson?key_field=id&forward=true&idempotency_key=round"
                            + round++,
                    lines.toString());
            assertThat(said).contains("\"count\":60").contains("\"partitions\":[");
        }
        for (String id : NODES) {
            Map<String, Integer> counts = new TreeMap<>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                String read = ask(
                        id,
                        "GET /broker/consume/spread/g/" + partition + "?offset=0&limit=1000&consistency=linearizable",
                        "");
                Matcher value = Pattern.compile("k\\d+").matcher(read.replaceAll("\"key\":\"[^\"]*\"", ""));
                while (value.find()) {
                    counts.merge(value.group(), 1, Integer::sum);
                }
            }
            assertThat(counts).as(id).hasSize(60);
            assertThat(counts.values()).as(id).containsOnly(3);
        }
    }

    @Test
    void commitsAreTakenByAnyNodeAndKnownToAll() {
        ask("n2", "POST /broker/topics?forward=true", "{\"name\":\"read\",\"partitions\":3}");
        for (int partition = 0; partition < 3; partition++) {
            ask("n1", "POST /broker/topics/read/produce?forward=true&partition=" + partition, "x");
            for (String id : NODES) {
                assertThat(ask(
                                id,
                                "POST /broker/commit",
                                "{\"topic\":\"read\",\"group\":\"all\",\"partition\":" + partition + ",\"offset\":0}"))
                        .contains("\"committed_offset\":0");
            }
        }
        for (String id : NODES) {
            String group = ask(id, "GET /broker/groups/all?consistency=linearizable", "");
            assertThat(group.split("\"partition\":", -1)).as(group).hasSize(4);
        }
    }

    @Test
    void aQueryOverAllGroupsWritesItsViewIntoAllGroups() throws Exception {
        sql("CREATE STREAM sales (item VARCHAR, n BIGINT) WITH (partitions = 6)");
        sql("INSERT INTO sales VALUES ('tea', 1), ('cup', 2), ('pot', 4)");
        sql(
                "CREATE MATERIALIZED VIEW totals WITH (partitions = 6) AS SELECT item, SUM(n) AS n FROM sales GROUP BY item");
        sql("INSERT INTO sales VALUES ('tea', 10), ('jug', 20)");
        for (String id : NODES) {
            TestNodes.await(id + " knows the totals", () -> {
                try {
                    String rows = Wire.call(
                                    cluster.address(id), "POST /v1/sql", "SELECT item, n FROM totals ORDER BY item")
                            .body();
                    return rows.contains("[[\"cup\",2],[\"jug\",20],[\"pot\",4],[\"tea\",11]]");
                } catch (IOException gone) {
                    return false;
                }
            });
        }
    }

    @Test
    void metricsAndTheClusterShowEveryGroup() throws Exception {
        for (String id : NODES) {
            String page = ask(id, "GET /metrics_ha", "");
            for (int group = 0; group < 3; group++) {
                assertThat(page).contains("millrace_ha_term{group=\"" + group + "\"}");
            }
            assertThat(ask(id, "GET /v1/cluster", "").split("\"members\":\\[\"n1\",\"n2\",\"n3\"\\]", -1))
                    .hasSize(4);
            assertThat(ask(id, "GET /metrics", "")).contains("millrace_replication_groups 3");
        }
        Answer none = Wire.call(cluster.address("n1"), "POST /v1/cluster/leader", "{\"group\":3}");
        assertThat(none.body()).contains("There is no group 3");
        assertThat(Arrays.asList(400, 422)).contains(none.status());
    }

    @Test
    void aNodeWithAnotherNumberOfGroupsIsNotLetIn() throws Exception {
        String leader = cluster.awaitLeader();
        Answer refused = Wire.call(
                cluster.address(leader),
                "POST /v1/cluster/nodes?forward=true",
                "{\"node\":\"n9\",\"directory\":\"d\",\"raft\":\"127.0.0.1:1\",\"http\":\"http://127.0.0.1:2\",\"groups\":2}");
        assertThat(refused.status()).as(refused.body()).isEqualTo(422);
        assertThat(refused.body()).contains("raft.groups 2").contains("made with 3");
    }
}
