package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.http.Wire;
import io.millrace.http.Wire.Answer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/// SQL through a real node: every form of question and answer.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SqlOverHttpTest {
    private Node node;
    private URI address;

    @BeforeAll
    void start(@TempDir Path folder) throws IOException {
        node = TestNodes.start(folder.resolve("data"));
        address = node.address();
        Wire.call(address, "POST /broker/topics", "{\"name\":\"orders\",\"partitions\":1}");
        Wire.call(
                address,
                "POST /broker/topics/orders/produce-ndjson",
                "{\"id\":1,\"item\":\"apple, red\"}\n{\"id\":2,\"item\":\"pear\"}\n{\"id\":9007199254740993,\"item\":\"fig\"}\n");
        Answer created = sql("CREATE STREAM o (id BIGINT, item VARCHAR) WITH (topic = 'orders', format = 'json')");
        assertThat(created.status()).as(created.body()).isEqualTo(200);
        assertThat(created.body()).contains("\"message\":\"CREATE STREAM\"");
    }

    @AfterAll
    void stop() {
        node.stop();
    }

    private Answer sql(String text, String... headers) throws IOException {
        return Wire.call(address, "POST /v1/sql", text, headers);
    }

    @Test
    void aStatementThatEndsIsOneDocumentWithEveryDigit() throws Exception {
        Answer answer = sql("SELECT id, item FROM o ORDER BY id");
        assertThat(answer.body())
                .startsWith(
                        "{\"ok\":true,\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},{\"name\":\"item\",\"type\":\"VARCHAR\"}],"
                                + "\"rows\":[[1,\"apple, red\"],[2,\"pear\"],[9007199254740993,\"fig\"]],\"row_count\":3,"
                                + "\"frontier\":{\"orders\":[3]}")
                .contains("\"elapsed_ms\":");
    }

    @Test
    void parametersAndSeveralStatementsAreUnderstood() throws Exception {
        Answer answer = sql(
                "{\"sql\":\"SELECT item FROM o WHERE id = ?\",\"parameters\":[2]}", "Content-Type: application/json");
        assertThat(answer.body()).contains("\"rows\":[[\"pear\"]]");
        assertThat(sql("SELECT 1; SELECT 2").body())
                .startsWith("{\"ok\":true,\"results\":[{\"ok\":true,")
                .contains("\"rows\":[[1]]")
                .contains("\"rows\":[[2]]");
    }

    @Test
    void theClientChoosesTheForm() throws Exception {
        assertThat(sql("SELECT id, item FROM o ORDER BY id LIMIT 1", "Accept: text/csv")
                        .body())
                .isEqualTo("id,item\r\n1,\"apple, red\"\r\n");
        assertThat(sql("SELECT id FROM o ORDER BY id LIMIT 2", "Accept: application/x-ndjson")
                        .body()
                        .lines())
                .satisfiesExactly(
                        columns ->
                                assertThat(columns).isEqualTo("{\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"}]}"),
                        changes -> assertThat(changes)
                                .isEqualTo("{\"changes\":[{\"weight\":1,\"row\":[1]},{\"weight\":1,\"row\":[2]}]}"),
                        complete -> assertThat(complete).startsWith("{\"complete\":{\"row_count\":2,"));
        assertThat(sql("SELECT 1", "Accept: text/event-stream").body())
                .startsWith("event: columns\ndata: {\"columns\":")
                .contains("event: changes\ndata: ")
                .contains("event: complete\ndata: ");
        assertThat(sql("SELECT 1", "Accept: image/png").status()).isEqualTo(406);
        assertThat(sql("SELECT * FROM o EMIT CHANGES", "Accept: application/json")
                        .status())
                .isEqualTo(406);
        assertThat(sql("SELECT 1", "Content-Type: image/png").status()).isEqualTo(415);
    }

    @Test
    void mistakesComeWithTheirPlace() throws Exception {
        Answer answer = sql("SELECT id,\n  nonsense FROM o");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body())
                .startsWith("{\"ok\":false,\"error\":\"")
                .contains("\"position\":{\"line\":2,\"column\":3}");
        assertThat(sql("SELEC 1").status()).isEqualTo(400);
        assertThat(sql("   ").status()).isEqualTo(422);
    }

    @Test
    void aStatementThatDoesNotEndStreamsAndEndsWithItsClient() throws Exception {
        try (Wire wire = new Wire(address)) {
            String body = "SELECT id FROM o WHERE id > 100 EMIT CHANGES";
            wire.send("POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            assertThat(wire.head()).isEqualTo(200);
            assertThat(wire.chunk()).startsWith("{\"columns\":");
            String changes = "";
            while (!changes.contains("9007199254740993")) {
                changes = wire.chunk();
            }
            assertThat(changes).contains("\"weight\":1").contains("\"frontier\":{\"orders\":[");
            String progress = "";
            while (!progress.contains("\"progress\"")) {
                progress = wire.chunk();
            }
            assertThat(progress).contains("\"watermark\":");
            Answer running = Wire.call(address, "GET /v1/queries", "");
            assertThat(running.body()).contains("EMIT CHANGES").contains("\"state\":\"running\"");
        }
        TestNodes.await("the query ends with its client", () -> {
            return !Wire.call(address, "GET /v1/queries", "").body().contains("EMIT CHANGES");
        });
    }

    /// What a statement that goes on says until something holds all of `parts`, after the columns.
    private String hear(String session, String sql, String accept, String... parts) throws IOException {
        try (Wire wire = new Wire(address)) {
            String body = "{\"sql\":\"" + sql + "\",\"session\":{" + session + "}}";
            wire.send("POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: " + accept
                    + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            assertThat(wire.head()).isEqualTo(200);
            return hearUntil(wire, parts);
        }
    }

    @Test
    void changesAreToldAsUpsertsByTheKeyOfTheResult() throws Exception {
        Wire.call(address, "POST /broker/topics", "{\"name\":\"tallied\",\"partitions\":1}");
        Wire.call(
                address,
                "POST /broker/topics/tallied/produce-ndjson",
                "{\"item\":\"tea\",\"n\":1}\n{\"item\":\"cup\",\"n\":2}\n");
        sql("CREATE STREAM tallied (item VARCHAR, n BIGINT)");
        String query = "SELECT item, SUM(n) AS n FROM tallied GROUP BY item HAVING SUM(n) < 10 EMIT CHANGES";
        Thread more = Thread.ofVirtual().start(() -> {
            awaitQuery("SUM(n) < 10");
            try {
                Wire.call(address, "POST /broker/topics/tallied/produce", "{\"item\":\"tea\",\"n\":4}");
                Wire.call(address, "POST /broker/topics/tallied/produce", "{\"item\":\"tea\",\"n\":40}");
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
        String heard =
                hear("\"changelog\":\"upsert\"", query, "application/x-ndjson", "{\"op\":\"delete\",\"key\":[\"tea\"]");
        more.join();
        assertThat(heard)
                .contains("{\"name\":\"n\",\"type\":\"BIGINT\"}],\"key\":[\"item\"]")
                .contains("{\"op\":\"upsert\",\"key\":[\"cup\"],\"row\":[\"cup\",2]}")
                .contains("{\"op\":\"delete\",\"key\":[\"tea\"],\"row\":null}],\"frontier\":{\"tallied\":[4]}")
                .doesNotContain("weight");
        // the same question as Debezium's envelopes, over what is there now
        sql("CREATE TABLE prices (item VARCHAR PRIMARY KEY, price BIGINT) WITH (partitions = 1)");
        sql("INSERT INTO prices VALUES ('tea', 3)");
        Thread change = Thread.ofVirtual().start(() -> {
            awaitQuery("FROM prices EMIT");
            try {
                sql("INSERT INTO prices VALUES ('tea', 4)");
                sql("DELETE FROM prices WHERE item = 'tea'");
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
        String envelopes = hear(
                "\"changelog\":\"debezium\"",
                "SELECT item, price FROM prices EMIT CHANGES",
                "application/x-ndjson",
                "\"op\":\"d\"");
        change.join();
        assertThat(envelopes)
                .contains("{\"before\":null,\"after\":{\"item\":\"tea\",\"price\":3},\"op\":\"c\","
                        + "\"source\":{\"connector\":\"millrace\",\"frontier\":{\"prices\":[1]},\"watermark\":null}}")
                .contains(
                        "{\"before\":{\"item\":\"tea\",\"price\":3},\"after\":{\"item\":\"tea\",\"price\":4},\"op\":\"u\",")
                .contains("{\"before\":{\"item\":\"tea\",\"price\":4},\"after\":null,\"op\":\"d\",");
    }

    private void awaitQuery(String sql) {
        TestNodes.await("a query runs '" + sql + "' and has read something", () -> {
            try {
                String all = Wire.call(address, "GET /v1/queries", "").body();
                int at = all.indexOf(sql);
                return at >= 0 && !all.startsWith("\"rows_out\":0,", all.indexOf("\"rows_out\"", at));
            } catch (IOException failed) {
                throw new java.io.UncheckedIOException(failed);
            }
        });
    }

    @Test
    void upsertsNeedAKeyUnlessNothingIsTakenBack() throws Exception {
        Answer refused = sql("SET changelog = 'upsert'; SELECT COUNT(*) AS n FROM o GROUP BY item EMIT CHANGES");
        assertThat(refused.body()).contains("changelog_needs_key").contains("GROUP BY");
        assertThat(hear("\"changelog\":\"upsert\"", "SELECT id FROM o EMIT CHANGES", "text/csv", "upsert,2\r\n"))
                .contains("upsert,1\r\n")
                .contains("upsert,9007199254740993\r\n");
        assertThat(sql("SET changelog = 'sometimes'").body()).contains("invalid_option");
    }

    @Test
    void rowsThatCannotBeEvaluatedAreToldAndTheQueryGoesOn() throws Exception {
        sql("CREATE STREAM ratios (a BIGINT, b BIGINT) WITH (partitions = 1)");
        sql("INSERT INTO ratios VALUES (6, 3), (1, 0), (8, 2)");
        String heard =
                hear("\"changelog\":\"weights\"", "SELECT a / b AS r FROM ratios EMIT CHANGES", "*/*", "\"row\":[4]");
        assertThat(heard)
                .contains("{\"errors\":[{\"weight\":1,\"reason\":\"division by zero\",\"operator\":\"Calc\","
                        + "\"topic\":\"ratios\",\"partition\":0,\"offset\":1,\"row\":{\"a\":1,\"b\":0}}],"
                        + "\"frontier\":{\"ratios\":[3]}}")
                .contains("{\"weight\":1,\"row\":[2]},{\"weight\":1,\"row\":[4]}");
        Answer stopped = sql("SET on_error = 'fail'; SELECT a / b AS r FROM ratios EMIT CHANGES");
        assertThat(stopped.body()).contains("evaluation_failed").contains("offset 1 of partition 0 of 'ratios'");
    }

    @Test
    void whatAViewLeavesOutIsAStreamOfItsOwn() throws Exception {
        sql("CREATE STREAM shares (who VARCHAR, part BIGINT, whole BIGINT) WITH (partitions = 1)");
        sql("INSERT INTO shares VALUES ('a', 6, 3), ('b', 1, 0), ('c', 8, 2)");
        assertThat(sql("CREATE MATERIALIZED VIEW shared AS SELECT who, SUM(part / whole) AS n FROM shares GROUP BY who")
                        .body())
                .contains("CREATE MATERIALIZED VIEW");
        String bad =
                "SELECT _reason, _operator, _topic, _partition, _offset, JSON_VALUE(_row, '$.who') AS who FROM shared$bad";
        assertThat(sql(bad).body())
                .contains("\"rows\":[[\"division by zero\",\"Calc\",\"shares\",0,1,\"b\"]],\"row_count\":1");
        sql("INSERT INTO shares VALUES ('d', 5, 0)");
        assertThat(sql("SELECT COUNT(*) AS n FROM shared$bad WHERE _offset > 1").body())
                .contains("\"rows\":[[1]]");
        try (Wire wire = new Wire(address)) {
            String body = bad + " EMIT CHANGES";
            wire.send("POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            assertThat(wire.head()).isEqualTo(200);
            hearUntil(wire, "\"shares\",0,3,\"d\"]");
            sql("INSERT INTO shares VALUES ('e', 5, 0)");
            hearUntil(wire, "\"shares\",0,4,\"e\"]");
        }
        sql("CREATE VIEW named AS SELECT part / whole AS n FROM shares WHERE who <> 'b'");
        assertThat(sql("SELECT _offset FROM named$bad ORDER BY _offset").body()).contains("\"rows\":[[3],[4]]");
    }

    private Answer view(String address, String... headers) throws IOException {
        return Wire.call(this.address, "GET /v1/views/" + address, "", headers);
    }

    @Test
    void aViewIsReadByTheValuesOfItsColumns() throws Exception {
        sql("CREATE TABLE stock (item VARCHAR PRIMARY KEY, shelf INTEGER, since DATE, tags VARCHAR ARRAY)"
                + " WITH (partitions = 2)");
        sql("INSERT INTO stock (item, shelf, since) VALUES ('tea & milk', 1, DATE '2026-01-02'), ('cup', 2, NULL),"
                + " ('o''clock', 2, DATE '2026-01-03')");
        assertThat(view("stock?item=tea%20%26%20milk").body())
                .startsWith("{\"ok\":true,\"columns\":[{\"name\":\"item\"")
                .contains("\"rows\":[[\"tea & milk\",1,\"2026-01-02\",null]]");
        assertThat(view("stock?item=o'clock").body()).contains("\"row_count\":1");
        assertThat(view("stock?shelf=2").body()).contains("\"row_count\":2");
        assertThat(view("stock?shelf=2&since=2026-01-03").body()).contains("\"rows\":[[\"o'clock\",2,");
        assertThat(view("stock?item=nothing").body()).contains("\"rows\":[]");
        assertThat(view("stock?limit=1").body()).contains("\"row_count\":1");
        assertThat(view("stock?limit=3", "Accept: text/csv").body().lines()).hasSize(4);
        assertThat(view("stock?limit=0").body()).contains("invalid_parameter");
        assertThat(view("stock?limit=10001").body()).contains("invalid_parameter");
        assertThat(view("stock?shelf=two").body()).contains("evaluation_failed").contains("'two'");
        assertThat(view("stock?shelv=2").body()).contains("unknown_parameter").contains("Did you mean 'shelf'?");
        assertThat(view("stock?tags=a").body()).contains("invalid_parameter").contains("Use SQL");
        assertThat(view("stock?watch=true&limit=3").body()).contains("invalid_parameter");
        assertThat(view("stocks").status()).isEqualTo(404);
        assertThat(view("stocks").body()).contains("unknown_view").contains("Did you mean 'stock'?");
        assertThat(view("o").status()).isEqualTo(404); // a stream
    }

    @Test
    void aViewThatIsWatchedTellsItsChanges() throws Exception {
        sql("CREATE TABLE desks (name VARCHAR PRIMARY KEY, height INTEGER) WITH (partitions = 1)");
        sql("INSERT INTO desks VALUES ('a', 70), ('b', 80)");
        String seen;
        try (Wire wire = new Wire(address)) {
            wire.send("GET /v1/views/desks?name=a&watch=true&changelog=upsert HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(wire.head()).isEqualTo(200);
            seen = hearUntil(wire, "\"row\":[\"a\",70]");
            sql("INSERT INTO desks VALUES ('b', 81)");
            sql("INSERT INTO desks VALUES ('a', 71)");
            seen += hearUntil(wire, "\"row\":[\"a\",71]", "id: {\"desks\":[4]}");
        }
        assertThat(seen).contains("event: changes\ndata: ").doesNotContain("[\"b\"");
        sql("INSERT INTO desks VALUES ('a', 72)");
        try (Wire wire = new Wire(address)) {
            wire.send("GET /v1/views/desks?watch=true HTTP/1.1\r\nHost: a\r\nLast-Event-ID: {\"desks\":[4]}\r\n\r\n");
            assertThat(wire.head()).isEqualTo(200);
            assertThat(hearUntil(wire, "\"row\":[\"a\",72]"))
                    .contains("{\"weight\":-1,\"row\":[\"a\",71]}")
                    .doesNotContain("81");
        }
    }

    private static String hearUntil(Wire wire, String... parts) throws IOException {
        StringBuilder heard = new StringBuilder();
        while (!java.util.Arrays.stream(parts).allMatch(part -> heard.indexOf(part) >= 0)) {
            heard.append(wire.chunk());
        }
        return heard.toString();
    }

    @Test
    void whatCanBeQueriedIsListedWithItsColumns() throws Exception {
        Answer catalog = Wire.call(address, "GET /v1/catalog", "");
        assertThat(catalog.body())
                .contains("\"streams\":[{\"name\":\"o\",\"kind\":\"stream\",\"topic\":\"orders\"")
                .contains("{\"name\":\"id\",\"type\":\"BIGINT\"}");
        Answer unknown = Wire.call(address, "GET /v1/queries/none", "");
        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.body()).contains("unknown_query");
        assertThat(Wire.call(address, "DELETE /v1/queries/none", "").status()).isEqualTo(404);
    }
}
