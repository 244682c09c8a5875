package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Four nodes, two groups beside that of the metadata, each on two of the nodes: clients and queries see no
/// difference.
class PlacedGroupsOverHttpTest {
    private static final List<String> NODES = List.of("n1", "n2", "n3", "n4");
    private static final int PARTITIONS = 4;
    private static final Pattern MEMBERS = Pattern.compile("\"group\":(\\d+),\"role\":.*?\"members\":\\[(.*?)]");

    @TempDir
    static Path folder;

    private static TestCluster cluster;

    @BeforeAll
    static void start() throws IOException {
        System.setProperty("millrace.groups.fitMs", "1000");
        System.setProperty("millrace.groups.leaveMs", "1000");
        cluster = new TestCluster(folder, NODES.size());
        for (String id : NODES) {
            cluster.start(id, "raft.groups", "3", "raft.replication-factor", "2");
        }
        cluster.awaitReady();
        ask("n1", "POST /broker/topics?forward=true", "{\"name\":\"orders\",\"partitions\":" + PARTITIONS + "}");
        NODES.forEach(id -> TestNodes.await(id + " sees groups of two", () -> {
            return on(id, 0).size() == NODES.size()
                    && on(id, 1).size() == 2
                    && on(id, 2).size() == 2;
        }));
    }

    @AfterAll
    static void stop() {
        System.clearProperty("millrace.groups.fitMs");
        System.clearProperty("millrace.groups.leaveMs");
        cluster.close();
    }

    /// Nodes of a group, as a node says.
    private static List<String> on(String id, int number) {
        try {
            Matcher group = MEMBERS.matcher(
                    Wire.call(cluster.address(id), "GET /v1/cluster", "").body());
            while (group.find()) {
                if (group.group(1).equals(Integer.toString(number))) {
                    return List.of(group.group(2).replace("\"", "").split(","));
                }
            }
        } catch (IOException gone) {
            // nothing is known
        }
        return List.of();
    }

    private static String ask(String id, String line, String body) {
        return ask(id, line, body, 200).body();
    }

    /// The answer of a node, after an election if need be.
    private static Answer ask(String id, String line, String body, int status) {
        List<Answer> answers = new ArrayList<>();
        try {
            TestNodes.await(line + " is answered " + status + " by " + id, () -> {
                try {
                    answers.add(Wire.call(cluster.address(id), line, body));
                    return answers.getLast().status() == status;
                } catch (IOException gone) {
                    return false;
                }
            });
        } catch (AssertionError never) {
            throw new AssertionError(line + ": " + (answers.isEmpty() ? "no answer" : answers.getLast()), never);
        }
        return answers.getLast();
    }

    @Test
    void aBatchIsTakenByAnyNodeAndReadOnAll() {
        ask("n1", "POST /broker/topics?forward=true", "{\"name\":\"spread\",\"partitions\":" + PARTITIONS + "}");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            lines.append("{\"id\":\"k").append(i).append("\"}\n");
        }
        for (String id : NODES) {
            assertThat(ask(
                            id,
                            "POST /broker/topics/spread/produce-ndjson?key_field=id&forward=true&idempotency_key=by-"
                                    + id,
                            lines.toString()))
                    .contains("\"count\":40");
        }
        for (String id : NODES) {
            int records = 0;
            for (int partition = 0; partition < PARTITIONS; partition++) {
                String read = ask(
                        id,
                        "GET /broker/consume/spread/g/" + partition + "?offset=0&limit=1000&consistency=linearizable",
                        "");
                records += read.split("\"offset\":", -1).length - 1;
                assertThat(ask(id, "POST /broker/topics/spread/produce?forward=true&partition=" + partition, "late"))
                        .contains("\"offset\":");
                // a long poll ends when the record comes, wherever it is
                int from = count(read);
                assertThat(ask(
                                id,
                                "GET /broker/consume/spread/g/%d?offset=%d&wait_ms=20000".formatted(partition, from),
                                ""))
                        .contains("late");
                assertThat(ask(
                                id,
                                "POST /broker/commit",
                                "{\"topic\":\"spread\",\"group\":\"g-%s\",\"partition\":%d,\"offset\":0}"
                                        .formatted(id, partition)))
                        .contains("\"committed_offset\":0");
            }
            assertThat(records).as(id).isGreaterThanOrEqualTo(160);
            for (String other : NODES) {
                assertThat(ask(other, "GET /broker/groups/g-" + id + "?consistency=linearizable", "")
                                .split("\"partition\":", -1))
                        .hasSize(PARTITIONS + 1);
            }
        }
    }

    private static int count(String read) {
        Matcher mark = Pattern.compile("\"high_watermark\":(\\d+)").matcher(read);
        assertThat(mark.find()).as(read).isTrue();
        return Integer.parseInt(mark.group(1));
    }

    @Test
    void queriesReadAndWriteGroupsThatLieElsewhere() {
        sql("CREATE STREAM sales (item VARCHAR, n BIGINT) WITH (partitions = 4)");
        sql("INSERT INTO sales VALUES ('tea', 1), ('cup', 2), ('pot', 4)");
        sql(
                "CREATE MATERIALIZED VIEW totals WITH (partitions = 4) AS SELECT item, SUM(n) AS n FROM sales GROUP BY item");
        sql("INSERT INTO sales VALUES ('tea', 10), ('jug', 20)");
        for (String id : NODES) {
            TestNodes.await(id + " knows the totals", () -> {
                try {
                    return Wire.call(cluster.address(id), "POST /v1/sql", "SELECT item, n FROM totals ORDER BY item")
                            .body()
                            .contains("[[\"cup\",2],[\"jug\",20],[\"pot\",4],[\"tea\",11]]");
                } catch (IOException gone) {
                    return false;
                }
            });
        }
    }

    /// Statements that write go to the leader of group 0, whoever that is now.
    private static void sql(String statement) {
        TestNodes.await(statement, () -> {
            try {
                for (String id : NODES) {
                    if (Wire.call(cluster.address(id), "POST /v1/sql", statement)
                                    .status()
                            == 200) {
                        return true;
                    }
                }
                return false;
            } catch (IOException gone) {
                return false;
            }
        });
    }

    @Test
    void groupsAreReassigned() {
        List<String> before = on("n1", 1);
        List<String> others = NODES.stream().filter(id -> !before.contains(id)).toList();
        String line = "POST /v1/cluster/reassign?forward=true";
        assertThat(ask("n1", line, "{\"group\":1}", 422).body()).contains("replication_factor");
        assertThat(ask("n1", line, "{\"group\":1,\"nodes\":[\"n1\",\"n2\"],\"replication_factor\":2}", 422)
                        .body())
                .contains("to move a group");
        assertThat(ask("n1", line, "{\"group\":1,\"nodes\":[]}", 422).body()).contains("list of node ids");
        assertThat(ask("n1", line, "{\"group\":1,\"nodes\":[\"n5\",\"n1\"]}", 422)
                        .body())
                .contains("Did you mean");
        assertThat(ask("n1", line, "{\"group\":1,\"nodes\":[\"n1\"]}", 422).body())
                .contains("name 2 different nodes");
        assertThat(ask("n1", line, "{\"group\":0,\"nodes\":[\"n1\",\"n2\"]}", 422)
                        .body())
                .contains("on every node");
        assertThat(ask("n1", line, "{\"replication_factor\":5}", 422).body()).contains("there are 4 nodes");
        assertThat(ask("n1", line, "{\"replicas\":5}", 422).body()).contains("replicas");

        ask(
                "n1",
                "POST /broker/topics/orders/produce-ndjson?key_field=id&forward=true",
                "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
        ask("n1", line, "{\"group\":1,\"nodes\":[\"%s\",\"%s\"]}".formatted(others.get(0), others.get(1)));
        NODES.forEach(id -> TestNodes.await(
                id + " sees that it has moved",
                () -> on(id, 1).stream().sorted().toList().equals(others)));
        assertThat(ask("n2", line, "{}")).contains("\"state\":\"reassigned\"");
        assertThat(ask("n2", line, "{\"replication_factor\":3}")).contains("\"state\":\"reassigned\"");
        TestNodes.await("three replicas", () -> on("n2", 1).size() == 3);
        assertThat(ask("n2", line, "{\"replication_factor\":2}")).contains("\"state\":\"reassigned\"");
        TestNodes.await("two replicas", () -> on("n2", 1).size() == 2);
        assertThat(ask("n2", line, "{\"group\":2,\"replication_factor\":4}")).contains("\"state\":\"reassigned\"");
        TestNodes.await("four replicas of group 2", () -> on("n2", 2).size() == 4);
        assertThat(on("n2", 1)).hasSize(2);
        assertThat(ask("n1", line, "{\"group\":2,\"nodes\":[\"n1\",\"n2\"]}", 422)
                        .body())
                .contains("the replication factor of group 2 is 4");
        assertThat(ask("n1", line, "{\"group\":3,\"replication_factor\":2}", 422)
                        .body())
                .contains("there is no group 3");
    }

    @Test
    void aNodeThatDividesItsDataDifferentlyIsNotLetIn() {
        String refused = ask(
                        "n1",
                        "POST /v1/cluster/nodes?forward=true",
                        "{\"node\":\"n9\",\"directory\":\"d\",\"raft\":\"127.0.0.1:1\",\"http\":\"http://127.0.0.1:2\",\"groups\":3,\"apart\":false}",
                        422)
                .body();
        assertThat(refused).contains("without raft.replication-factor");
    }
}
