package io.millrace.shell;

import io.millrace.client.ChangeEvent;
import io.millrace.client.Column;
import io.millrace.client.Frontier;
import io.millrace.client.JsonText;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.SqlResult;
import io.millrace.shell.parse.StatementSplitter;
import io.millrace.shell.print.Borders;
import io.millrace.shell.print.LiveTable;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.Palette;
import io.millrace.shell.print.PrintSettings;
import io.millrace.shell.print.ResultPrinter;
import io.millrace.shell.terminal.Assistance;
import io.millrace.shell.terminal.JLineTerminal;
import io.millrace.shell.terminal.Suggestion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// `millrace train`: loads the classes of an ordinary session, for the launcher's AOT cache. Talks to nobody.
@Command(name = "train", hidden = true, description = "Used by the launcher to make starting faster.")
final class TrainTool implements Callable<Integer> {

    /// A port that is never listened on.
    private static final URI NOBODY = URI.create("http://127.0.0.1:9");

    @Override
    public Integer call() throws IOException {
        PrintWriter nowhere = new PrintWriter(Writer.nullWriter());
        Streams silent = new Streams(
                new ByteArrayInputStream(new byte[0]), nowhere, nowhere, false, false, false, true, Map.of());
        for (String words : List.of("--help", "sql --help", "topic --help", "version", "explain", "topic list -u :9")) {
            int _ = Main.run(silent, words.split(" "));
        }
        print(nowhere);
        connect();
        type();
        return 0;
    }

    private static void print(PrintWriter nowhere) {
        List<Column> columns = List.of(new Column("name", "VARCHAR"), new Column("count", "BIGINT"));
        List<Object> row = List.of("x", 1L);
        SqlResult result = new SqlResult(columns, List.of(List.copyOf(row)), Frontier.EMPTY, Optional.empty(), 1);
        for (OutputFormat format : OutputFormat.values()) {
            PrintSettings settings = new PrintSettings(format, 80, Palette.ANSI, Borders.UNICODE, true);
            new ResultPrinter(nowhere, settings).print(result);
        }
        LiveTable table = new LiveTable(0);
        table.apply(new ChangeEvent.Columns(columns), 1);
        table.apply(new ChangeEvent.Changes(List.of(new ChangeEvent.Change(1, List.copyOf(row))), Frontier.EMPTY), 2);
        var _ = table.frame("", 80, 24, Palette.ANSI, Borders.UNICODE, 3);
        var _ = JsonText.write(JsonText.parse("{\"a\":[1,2.5,\"x\",null,true]}"));
    }

    private static void connect() {
        try (MillraceClient client = MillraceClient.builder()
                .nodes(List.of(NOBODY))
                .retryFor(Duration.ZERO)
                .build()) {
            var _ = client.health();
        } catch (MillraceException expected) {
            // nobody is there; the classes that find that out are what this is about
        }
    }

    private static void type() throws IOException {
        ByteArrayInputStream keys = new ByteArrayInputStream("SELECT 1;\n".getBytes(StandardCharsets.UTF_8));
        Assistance assistance = new Assistance() {
            @Override
            public boolean isComplete(String text) {
                return StatementSplitter.isComplete(text);
            }

            @Override
            public List<Suggestion> suggest(String textBeforeCursor) {
                return List.of();
            }

            @Override
            public int wordStart(String textBeforeCursor) {
                return textBeforeCursor.length();
            }
        };
        try (JLineTerminal terminal =
                JLineTerminal.on(keys, new ByteArrayOutputStream(), "xterm-256color", 80, 24, null, true)) {
            var _ = terminal.read("> ", assistance);
        }
    }
}
