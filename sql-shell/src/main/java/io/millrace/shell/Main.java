package io.millrace.shell;

import io.millrace.client.MillraceException;
import io.millrace.shell.print.ErrorPrinter;
import io.millrace.shell.run.RunOutcome;
import java.io.PrintWriter;
import javax.net.ssl.SSLException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `millrace`, except the commands that are a node (`start`, `config`, `verify`), which the launcher sends
/// elsewhere.
@Command(
        name = "millrace",
        mixinStandardHelpOptions = true,
        versionProvider = VersionTool.Provider.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "A replicated stream log that you query with SQL and talk to with curl.",
        subcommands = {
            SqlTool.class,
            ProduceTool.class,
            ConsumeTool.class,
            TopicTool.class,
            ClusterTool.class,
            DemoTool.class,
            ExplainTool.class,
            VersionTool.class,
            CompletionTool.class,
            TrainTool.class,
            HelpCommand.class
        },
        footer = {
            "",
            "A node is run by @|bold millrace start|@, its settings are shown by @|bold millrace config|@, and its",
            "promises tested under faults by @|bold millrace verify|@; each explains itself with --help.",
            "",
            "@|bold First steps:|@",
            "  millrace demo                       see it work, in one command",
            "  millrace start                      run a node on port 1109",
            "  echo '{\"n\":1}' | millrace produce numbers",
            "  millrace sql -c 'SELECT * FROM numbers'",
            "",
            "@|bold Exit codes:|@ 0 done, 1 refused or failed, 2 wrong usage, 3 cannot connect, 130 interrupted."
        })
public final class Main implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli before run
    private CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    public static void main(String[] arguments) {
        Streams streams = Streams.ofProcess();
        int exitCode = run(streams, arguments);
        streams.out().flush();
        streams.err().flush();
        System.exit(exitCode);
    }

    /// Runs one command line and returns its exit code.
    static int run(Streams streams, String... arguments) {
        CommandLine line = commandLine(streams);
        int exitCode = line.execute(arguments);
        streams.out().flush();
        streams.err().flush();
        return exitCode;
    }

    static CommandLine commandLine(Streams streams) {
        CommandLine line = new CommandLine(Main.class, new ToolFactory(streams));
        line.setOut(streams.out());
        line.setErr(streams.err());
        line.setColorScheme(CommandLine.Help.defaultColorScheme(
                streams.errorColours() && streams.outIsTerminal() ? Ansi.ON : Ansi.OFF));
        line.setUsageHelpAutoWidth(false);
        line.setUsageHelpWidth(100);
        line.setExecutionExceptionHandler((failure, command, _) -> handle(failure, command, streams));
        return line;
    }

    private static int handle(Exception failure, CommandLine command, Streams streams) throws Exception {
        if (failure instanceof MillraceException known) {
            streams.out().flush();
            PrintWriter err = command.getErr();
            ErrorPrinter.lines(known, null, streams.errorPalette()).forEach(err::println);
            if (known.getCause() instanceof SSLException) {
                err.println(
                        "`--ca FILE` says whom to believe, `--cert` and `--key` what to show; docs/tls.md explains them.");
            } else if (known.code().equals(MillraceException.CANNOT_CONNECT)) {
                err.println("Is a node running there? `millrace start` runs one; --url names another.");
            }
            err.flush();
            return RunOutcome.of(known).exitCode();
        }
        throw failure;
    }
}
