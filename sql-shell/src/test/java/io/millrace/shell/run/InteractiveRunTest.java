package io.millrace.shell.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.client.Catalog;
import io.millrace.client.Column;
import io.millrace.client.MillraceClient;
import io.millrace.client.fake.Await;
import io.millrace.client.fake.FakeNode;
import io.millrace.client.fake.SqlExchange;
import io.millrace.shell.command.Commands;
import io.millrace.shell.print.Borders;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.Palette;
import io.millrace.shell.terminal.JLineTerminal;
import io.millrace.shell.terminal.Suggestion;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InteractiveRunTest {
    private static final String CTRL_C = "\u0003";
    private static final String CTRL_D = "\u0004";
    private static final String FOREVER = "SELECT n FROM numbers EMIT CHANGES";

    @TempDir
    private Path folder;

    private FakeNode node;
    private MillraceClient client;
    private PipedOutputStream keys;
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final AtomicReference<@Nullable RunOutcome> outcome = new AtomicReference<>();
    private final AtomicBoolean readerGone = new AtomicBoolean();
    private Thread running = Thread.ofVirtual().unstarted(() -> {});

    @BeforeEach
    void start() throws IOException {
        node = new FakeNode();
        node.sqlAnswer(
                "SELECT *\nFROM orders",
                "{\"ok\":true,\"columns\":[{\"name\":\"item\",\"type\":\"VARCHAR\"}],\"rows\":[[\"tea\"]],\"elapsed_ms\":1}");
        node.sql(FOREVER, exchange -> {
            OutputStream out = exchange.stream();
            SqlExchange.lines(
                    out,
                    "{\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]}",
                    "{\"changes\":[{\"weight\":1,\"row\":[4711]}],\"frontier\":{\"numbers\":[1]}}");
            readerGone.set(exchange.awaitReaderGone(out));
        });
        client = MillraceClient.connect(node.uri());
        keys = new PipedOutputStream();
    }

    @AfterEach
    void stop() throws Exception {
        keys.close();
        if (running.isAlive()) {
            running.join(60_000);
        }
        client.close();
        node.close();
    }

    private void run(String terminalType) throws IOException {
        PipedInputStream in = new PipedInputStream(keys, 65_536);
        running = Thread.ofPlatform().start(() -> {
            try (JLineTerminal terminal =
                    JLineTerminal.on(in, screen, terminalType, 80, 24, folder.resolve("history"), false)) {
                Session session = new Session(
                        client,
                        terminal.out(),
                        terminal.out(),
                        terminal,
                        OutputFormat.TABLE,
                        Palette.PLAIN,
                        Palette.PLAIN,
                        Borders.UNICODE);
                outcome.set(new InteractiveRun(session, terminal, new Commands()).run());
            } catch (IOException broken) {
                throw new AssertionError(broken);
            }
        });
    }

    private void type(String text) throws IOException {
        keys.write(text.getBytes(StandardCharsets.UTF_8));
        keys.flush();
    }

    private String screen() {
        return screen.toString(StandardCharsets.UTF_8);
    }

    private void awaitScreen(String text) {
        try {
            Await.until("the screen shows " + text, () -> screen().contains(text));
        } catch (AssertionError missing) {
            throw new AssertionError(missing.getMessage() + "; it shows:\n" + screen(), missing);
        }
    }

    private void awaitPromptAfter(String text) {
        awaitScreen(text);
        Await.until("a prompt follows " + text, () -> screen().lastIndexOf("millrace> ") > screen().lastIndexOf(text));
    }

    private void awaitPrompts(int count) {
        Await.until("there are " + count + " prompts", () -> screen().split("millrace> ", -1).length > count);
    }

    @Test
    void aStatementMayTakeSeveralLines() throws Exception {
        run("xterm");
        awaitScreen("millrace> ");
        type("SELECT *\r");
        awaitScreen("-> ");
        type("FROM orders;\r");
        awaitScreen("│ tea  │");
        type("\\q\r");
        Await.until("the shell ends", () -> outcome.get() == RunOutcome.OK);
        assertThat(Files.readString(folder.resolve("history"))).contains("FROM orders;");
    }

    @Test
    void ctrlCGivesUpWhatWasTypedAndCtrlDLeaves() throws Exception {
        run("xterm");
        awaitScreen("millrace> ");
        type("SELECT nonsense");
        awaitScreen("nonsense");
        type(CTRL_C);
        awaitPrompts(2);
        assertThat(node.requests("/v1/sql")).isEmpty();
        type(CTRL_D);
        Await.until("the shell ends", () -> outcome.get() == RunOutcome.OK);
    }

    @ParameterizedTest
    @CsvSource({"xterm, true", "xterm, false"})
    void ctrlCOrQEndsAContinuousQueryAndNotTheShell(String type, boolean ctrlC) throws Exception {
        run(type);
        awaitScreen("millrace> ");
        type(FOREVER + ";\r");
        awaitScreen("│ 4711 │");
        awaitScreen("1 row · 1 change");
        type(ctrlC ? CTRL_C : "q");
        awaitPromptAfter("Query ended.");
        Await.until("the connection is closed", readerGone::get);
        type("SELECT *\rFROM orders;\r");
        awaitScreen("│ tea  │");
        awaitPromptAfter("(1 row)"); // while no prompt is there, Ctrl-D would only end an empty line
        type(CTRL_D);
        Await.until("the shell ends", () -> outcome.get() == RunOutcome.OK);
    }

    @Test
    void aDumbTerminalGetsChangesLineByLine() throws Exception {
        run("dumb");
        awaitScreen("millrace> ");
        type(FOREVER + ";\r");
        awaitScreen("+  4711");
        assertThat(screen()).doesNotContain("\u001b[");
        client.close(); // ends the query: the only way on a terminal without signals
        awaitScreen("ERROR");
    }

    @Test
    void commandsChangeHowResultsLook() throws Exception {
        run("xterm");
        awaitScreen("millrace> ");
        type("\\x\r");
        awaitScreen("Expanded display is on.");
        type("\\timing\r");
        awaitScreen("Timing is on.");
        type("SELECT *\rFROM orders;\r");
        awaitScreen("─── row 1 ");
        awaitScreen("Time: ");
        type("\\format csv\r");
        awaitScreen("Output format is csv.");
        type("\\q\r");
        Await.until("the shell ends", () -> outcome.get() == RunOutcome.OK);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SEL | SELECT",
                "sel | select",
                "SELECT * FROM | orders",
                "SELECT * FROM or | orders",
                "SELECT * FROM | \"Big.Topic\"",
                "SELECT o. | amount",
                "SELECT * FROM orders o WHERE o.am | amount",
                "SELECT * FROM orders WHERE am | amount",
                "SELECT 1; DRO | DROP STREAM",
                "\\tim | \\timing",
                "\\d | orders",
                "SELECT cou | count"
            })
    void whatMayComeNextIsSuggested(String before, String expected) {
        Catalog catalog = new Catalog(List.of(
                new Catalog.Relation("orders", "stream", List.of(new Column("amount", "DECIMAL(12,2)"))),
                new Catalog.Relation("o", "stream", List.of(new Column("amount", "DECIMAL(12,2)"))),
                new Catalog.Relation("Big.Topic", "topic", List.of())));
        Completion completion = new Completion(() -> catalog, new Commands().names());
        boolean wordEnded = before.endsWith("FROM") || before.equals("\\d");
        String text = wordEnded ? before + " " : before;
        assertThat(completion.suggest(text)).extracting(Suggestion::text).contains(expected);
    }

    @Test
    void theCompletedWordBeginsWhereItWasBegun() {
        Completion completion = new Completion(() -> new Catalog(List.of()), List.of("d"));
        assertThat(completion.wordStart("SELECT am")).isEqualTo(7);
        assertThat(completion.wordStart("SELECT o.am")).isEqualTo(9);
        assertThat(completion.wordStart("\\d")).isZero();
        assertThat(completion.wordStart("x -- y")).isEqualTo(5);
    }
}
