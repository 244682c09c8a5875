package io.millrace.shell;

import io.millrace.client.MillraceClient;
import io.millrace.shell.command.Commands;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.run.InteractiveRun;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.ScriptRun;
import io.millrace.shell.run.Session;
import io.millrace.shell.terminal.JLineTerminal;
import io.millrace.shell.terminal.ShellTerminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `millrace sql`.
@Command(
        name = "sql",
        mixinStandardHelpOptions = true,
        description = "Run SQL: at a prompt, from -c, from files, or from standard input.",
        footer = {
            "",
            "On a terminal results are tables, and a query with EMIT CHANGES is a table that updates in place.",
            "Elsewhere they are NDJSON: a row is an object, a change is {\"weight\":1,\"row\":{...}}.",
            "",
            "@|bold Examples:|@",
            "  millrace sql",
            "  millrace sql -c 'SHOW STREAMS'",
            "  millrace sql -c \"SELECT * FROM orders EMIT CHANGES\" | jq .row.amount",
            "  millrace sql --format csv -f report.sql > report.csv"
        })
final class SqlTool implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ConnectionOptions connection = new ConnectionOptions();

    @Option(
            names = {"-c", "--command"},
            paramLabel = "SQL",
            description = "Run these statements and exit. May be repeated.")
    private List<String> texts = new ArrayList<>();

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "Run the statements in this file and exit; - is standard input. May be repeated.")
    private List<String> files = new ArrayList<>();

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "table, vertical, csv, json or ndjson. Default: table on a terminal, else ndjson.")
    private @Nullable OutputFormat format;

    @Option(names = "--timing", description = "Show how long each statement takes.")
    private boolean timing;

    @Option(names = "--no-history", description = "Do not keep what is typed in ~/.millrace_history.")
    private boolean noHistory;

    SqlTool(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        boolean atPrompt = texts.isEmpty() && files.isEmpty() && streams.inIsTerminal() && streams.outIsTerminal();
        List<String> scripts = new ArrayList<>(texts);
        try {
            for (String file : files) {
                scripts.add(file.equals("-") ? standardInput() : Files.readString(Path.of(file)));
            }
        } catch (NoSuchFileException missing) {
            streams.err().println("There is no file " + missing.getFile());
            return RunOutcome.USAGE.exitCode();
        }
        try (MillraceClient client = connection.connect(streams)) {
            if (!atPrompt && scripts.isEmpty()) {
                scripts.add(standardInput());
            }
            return run(client, scripts, atPrompt).exitCode();
        }
    }

    private String standardInput() throws IOException {
        return new String(streams.in().readAllBytes(), StandardCharsets.UTF_8);
    }

    private RunOutcome run(MillraceClient client, List<String> scripts, boolean atPrompt) throws IOException {
        OutputFormat chosen =
                format != null ? format : streams.outIsTerminal() ? OutputFormat.TABLE : OutputFormat.NDJSON;
        if (!streams.outIsTerminal()) {
            return scripts(session(client, streams.out(), streams.err(), null, chosen), scripts);
        }
        try (ShellTerminal terminal = JLineTerminal.system(atPrompt ? historyFile() : null, streams.colours())) {
            PrintWriter errors = atPrompt ? terminal.out() : streams.err();
            Session session = session(client, terminal.out(), errors, terminal, chosen);
            if (!atPrompt) {
                return scripts(session, scripts);
            }
            terminal.out()
                    .println(session.palette().heading("Millrace " + VersionTool.version())
                            + " at "
                            + connection.nodes(streams.environment()).getFirst()
                            + session.palette().dim("   \\? helps, \\q leaves"));
            terminal.out().flush();
            return new InteractiveRun(session, terminal, new Commands()).run();
        }
    }

    private Session session(
            MillraceClient client,
            PrintWriter out,
            PrintWriter errors,
            @Nullable ShellTerminal terminal,
            OutputFormat chosen) {
        Session session = new Session(
                client, out, errors, terminal, chosen, streams.palette(), streams.errorPalette(), streams.borders());
        session.timing(timing);
        return session;
    }

    private static RunOutcome scripts(Session session, List<String> scripts) {
        Commands commands = new Commands();
        for (String script : scripts) {
            RunOutcome outcome = new ScriptRun(session, commands).run(script);
            if (outcome != RunOutcome.OK || session.hasQuit()) {
                return outcome;
            }
        }
        return RunOutcome.OK;
    }

    private @Nullable Path historyFile() {
        if (noHistory) {
            return null;
        }
        String chosen = streams.environment().get("MILLRACE_HISTORY");
        return chosen == null || chosen.isBlank()
                ? Path.of(System.getProperty("user.home"), ".millrace_history")
                : Path.of(chosen);
    }
}
