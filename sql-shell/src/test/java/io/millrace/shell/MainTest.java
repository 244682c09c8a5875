package io.millrace.shell;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.client.fake.FakeNode.Stored;
import io.millrace.client.fake.SqlExchange;
import io.millrace.shell.ShellHarness.Run;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private static final String ROWS = "{\"id\":1,\"item\":\"tea\"}\n{\"id\":2,\"item\":null}\n";

    private ShellHarness shell;

    @BeforeEach
    void start() throws IOException {
        shell = new ShellHarness();
    }

    @AfterEach
    void stop() {
        shell.close();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    // ---- sql

    @Test
    void rowsAreObjectsWhereNoPersonReads() {
        assertThat(shell.run("sql", "-c", "SELECT * FROM orders")).isEqualTo(new Run(0, ROWS, ""));
    }

    @Test
    void theFormatCanBeChosen() {
        assertThat(shell.run("sql", "--format", "csv", "-c", "SELECT * FROM orders;")
                        .out())
                .isEqualTo("id,item\n1,tea\n2,\n");
        assertThat(shell.run("sql", "--format", "table", "-c", "SELECT * FROM orders;")
                        .out())
                .contains("│  1 │ tea  │")
                .endsWith("(2 rows)\n");
        assertThat(shell.run("sql", "--format", "nonsense", "-c", "SELECT 1").exitCode())
                .isEqualTo(2);
    }

    @Test
    void statementsComeFromStandardInputAndFilesToo(@TempDir Path folder) throws IOException {
        assertThat(shell.runWithInput("-- all\nSELECT * FROM orders;", "sql").out())
                .isEqualTo(ROWS);
        Path file = folder.resolve("a script.sql");
        Files.writeString(file, "CREATE STREAM s;\nSELECT * FROM orders");
        assertThat(shell.run("sql", "-f", file.toString()).out()).isEqualTo(ROWS);
        assertThat(shell.run("sql", "-c", "\\i '" + file + "'").out()).isEqualTo(ROWS);
        assertThat(shell.run("sql", "-f", folder.resolve("none").toString()).exitCode())
                .isEqualTo(2);
    }

    @Test
    void anErrorShowsThePlaceAndStopsTheScript() {
        Run run = shell.run("sql", "-c", "SELECT amuont FROM orders; SELECT * FROM orders");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .isEqualTo("ERROR: Column 'amuont' not found\n"
                        + "LINE 1: SELECT amuont FROM orders\n"
                        + "               ^\n"
                        + "HINT:  Did you mean 'amount'?\n"
                        + "(unknown_column · request r7)\n");
    }

    @Test
    void changesAreObjectsUntilTheQueryEnds() {
        shell.node.sql(
                "SELECT 1 EMIT CHANGES",
                exchange -> SqlExchange.lines(
                        exchange.stream(),
                        "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]}",
                        "{\"changes\":[{\"weight\":1,\"row\":[5]},{\"weight\":-1,\"row\":[4]}],\"frontier\":{}}",
                        "{\"progress\":{\"frontier\":{}}}"));
        assertThat(shell.run("sql", "-c", "SELECT 1 EMIT CHANGES"))
                .isEqualTo(new Run(0, "{\"weight\":1,\"row\":{\"n\":5}}\n{\"weight\":-1,\"row\":{\"n\":4}}\n", ""));
    }

    @Test
    void aContinuousQueryThatFailsIsAFailure() {
        shell.node.sql("SELECT 1 EMIT CHANGES", exchange -> {
            OutputStream out = exchange.stream();
            SqlExchange.lines(
                    out,
                    "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]}",
                    "{\"ok\":false,\"error\":\"input_deleted\",\"message\":\"Topic gone\"}");
        });
        Run run = shell.run("sql", "-c", "SELECT 1 EMIT CHANGES");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("Topic gone");
    }

    @Test
    void nobodyListeningIsExitCodeThree() throws IOException {
        String url;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            url = "127.0.0.1:" + socket.getLocalPort();
        }
        Run run = shell.run("sql", "--url", url, "-c", "SELECT 1");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("Cannot connect to http://" + url).contains("millrace start");
        assertThat(shell.run("topic", "list", "-u", url).exitCode()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sql --nonsense",
                "nonsense",
                "topic",
                "sql -u ftp://x -c x",
                "consume t --from 7",
                "produce",
                "consume t -n 0",
                "produce t -K: --key-field a"
            })
    void wrongUsageIsExitCodeTwo(String line) {
        Run run = shell.run(line.split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).isNotBlank();
    }

    @Test
    void settingsMadeWithSetAreSentWithLaterStatements() {
        shell.node.sqlAnswer("SET changelog = 'upsert'", "{\"ok\":true,\"columns\":[],\"rows\":[]}");
        Run run = shell.run("sql", "-c", "SET changelog = 'upsert'; SELECT * FROM orders;");
        assertThat(run.exitCode()).isZero();
        assertThat(shell.node.requests("/v1/sql").getLast().body()).contains("\"session\":{\"changelog\":\"upsert\"}");
    }

    @Test
    void commandsWithABackslashWorkInScripts() {
        shell.node.catalog(
                "{\"ok\":true,\"streams\":[{\"name\":\"orders\",\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"}]}]}");
        assertThat(shell.run("sql", "-c", "\\d").out())
                .isEqualTo("{\"name\":\"orders\",\"kind\":\"stream\",\"columns\":\"id\"}\n");
        assertThat(shell.run("sql", "-c", "\\q\nSELECT * FROM orders;").out()).isEmpty();
        assertThat(shell.run("sql", "-c", "\\?").out()).contains("\\timing");
        Run wrong = shell.run("sql", "-c", "\\nonsense");
        assertThat(wrong.exitCode()).isEqualTo(1);
        assertThat(wrong.err()).contains("\\nonsense");
    }

    @Test
    void filesThatIncludeThemselvesEnd(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("self.sql");
        Files.writeString(file, "\\i " + file);
        Run run = shell.run("sql", "-f", file.toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("include each other");
    }

    @Test
    void theTokenComesFromTheEnvironment() {
        shell.environment("MILLRACE_TOKEN", "secret\n");
        assertThat(shell.run("topic", "list").exitCode()).isZero();
        assertThat(shell.node.requests("/broker/topics").getFirst().headers())
                .containsEntry("Authorization", "Bearer secret");
    }

    // ---- produce and consume

    @Test
    void linesBecomeRecords() {
        Run run = shell.runWithInput("{\"n\":1}\n\n  \n\"text\\nlines\"\nplain\n", "produce", "orders");
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).isEqualTo("3 records acknowledged in 'orders'\n");
        assertThat(shell.node.records("orders"))
                .extracting(one -> text(one.value()))
                .containsExactlyInAnyOrder("{\"n\":1}", "text\nlines", "plain");
    }

    @Test
    void keysComeFromAFieldOrFromTheLine() {
        assertThat(shell.runWithInput(
                                "{\"user\":{\"id\":7}}\n{\"user\":{\"id\":\"x\"}}\n{}\n",
                                "produce",
                                "a",
                                "--key-field",
                                "user.id")
                        .exitCode())
                .isZero();
        assertThat(shell.node.records("a"))
                .extracting(one -> one.key() == null ? "none" : text(one.key()))
                .containsExactlyInAnyOrder("7", "x", "none");
        assertThat(shell.runWithInput("k1:a:b\nk2:\n", "produce", "b", "-K:", "-H", "trace=1")
                        .exitCode())
                .isZero();
        assertThat(shell.node.records("b"))
                .extracting(one -> text(java.util.Objects.requireNonNull(one.key())) + "=" + text(one.value()))
                .containsExactlyInAnyOrder("k1=a:b", "k2=");
        assertThat(shell.node.records("b")).extracting(Stored::headers).containsOnly(Map.of("trace", "1"));
    }

    @Test
    void aLineWithoutItsKeyIsNamedAndWhatCameBeforeIsKept() {
        Run run = shell.runWithInput("k1:a\nnothing\nk2:b\n", "produce", "orders", "-K:");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("1 record acknowledged").contains("Line 2:");
        Run notJson = shell.runWithInput("{\n", "produce", "orders", "--key-field", "id");
        assertThat(notJson.err()).contains("Line 1: it is not JSON");
    }

    @Test
    void aRefusedRecordIsAFailure() {
        shell.node.autoCreate(false);
        Run run = shell.runWithInput("x\n", "produce", "missing");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("does not exist").contains("0 records acknowledged");
    }

    @Test
    void recordsAreReadToTheEnd() {
        shell.node.createTopic("orders", 1);
        assertThat(shell.runWithInput("k:one\nk:two\n", "produce", "orders", "-K:")
                        .exitCode())
                .isZero();
        assertThat(shell.run("consume", "orders", "--exit")).isEqualTo(new Run(0, "one\ntwo\n", ""));
        assertThat(shell.run("consume", "orders", "-e", "--format", "%p:%o %k=%s %S%%\\n")
                        .out())
                .isEqualTo("0:0 k=one 3%\n0:1 k=two 3%\n");
        assertThat(shell.run("consume", "orders", "-e", "-n", "1", "--format", "json")
                        .out())
                .isEqualTo("{\"offset\":0,\"partition\":0,\"timestamp_ms\":1750000000000,\"key\":\"k\","
                        + "\"value\":\"one\",\"headers\":{}}\n");
        assertThat(shell.run("consume", "orders", "--from", "-1", "-n", "1").out())
                .isEqualTo("two\n");
    }

    @Test
    void aGroupContinuesWhereItWas() {
        shell.node.createTopic("orders", 2);
        assertThat(shell.runWithInput("one\ntwo\nthree\n", "produce", "orders", "-p", "1")
                        .exitCode())
                .isZero();
        assertThat(shell.run("consume", "orders", "-g", "g", "-n", "2").out()).isEqualTo("one\ntwo\n");
        assertThat(shell.run("consume", "orders", "-g", "g", "--exit").out()).isEqualTo("three\n");
        assertThat(shell.run("consume", "orders", "-g", "g", "--exit").out()).isEmpty();
        assertThat(shell.run("consume", "orders", "-g", "other", "--exit").out())
                .isEqualTo("one\ntwo\nthree\n");
    }

    @Test
    void aTopicThatIsNotThereIsSaidToBeMissing() {
        Run run = shell.run("consume", "missing", "--exit");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("missing");
        assertThat(shell.run("consume", "missing").exitCode()).isEqualTo(1);
    }

    // ---- topic and the rest

    @Test
    void topicsAreMadeListedDescribedAndDeleted() {
        assertThat(shell.run("topic", "create", "orders", "-p", "2").exitCode()).isZero();
        assertThat(shell.run("topic", "list").out()).isEqualTo("orders\n");
        assertThat(shell.run("topic", "describe", "orders").out().lines()).hasSize(2);
        assertThat(shell.run("topic", "create", "orders", "-p", "3").exitCode()).isEqualTo(1);
        assertThat(shell.run("topic", "delete", "orders").exitCode()).isZero();
        assertThat(shell.run("topic", "delete", "orders").exitCode()).isEqualTo(1);
        assertThat(shell.run("topic", "describe", "orders").exitCode()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "sql",
                "produce",
                "consume",
                "topic",
                "topic create",
                "demo",
                "explain",
                "version",
                "completion"
            })
    void everyCommandExplainsItself(String command) {
        String[] words = (command + " --help").strip().split(" ");
        Run run = shell.run(words);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).startsWith("Usage: millrace").doesNotContain("\u001b");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void errorsAreExplainedOffline() {
        assertThat(shell.run("explain", "cannot_connect").out()).contains("No node accepted a connection");
        assertThat(shell.run("explain").out()).contains("outcome_unknown");
        Run unknown = shell.run("explain", "canot_connect");
        assertThat(unknown.exitCode()).isEqualTo(1);
        assertThat(unknown.err()).contains("Did you mean 'cannot_connect'?");
    }

    @Test
    void theVersionAndTheCompletionArePrinted() {
        assertThat(shell.run("version").out()).startsWith("millrace ");
        assertThat(shell.run("--version").out()).startsWith("millrace ");
        assertThat(shell.run("completion").out()).contains("complete -F").contains("produce");
    }

    @Test
    void theDemoSaysWhatItMisses() {
        Run run = shell.run("demo", "--headless");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("MILLRACE_LAUNCHER");
        assertThat(List.of(shell.run("demo", "--events", "0"), shell.run("demo", "--rate", "-1")))
                .extracting(Run::exitCode)
                .containsOnly(2);
    }
}
