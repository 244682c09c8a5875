package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.io.PrintWriter;
import java.util.List;

/// `\?` and `help`.
final class HelpCommand implements ShellCommand {
    private final Commands commands;

    HelpCommand(Commands commands) {
        this.commands = commands;
    }

    @Override
    public List<String> names() {
        return List.of("?", "h", "help");
    }

    @Override
    public String arguments() {
        return "";
    }

    @Override
    public String summary() {
        return "Show this help";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        PrintWriter out = session.out();
        out.println("SQL statements end with ';' and may span lines. For instance:");
        out.println("  SHOW STREAMS;                                  what there is");
        out.println("  SELECT * FROM orders LIMIT 10;                 an answer over what is there now");
        out.println("  SELECT item, count(*) FROM orders GROUP BY item EMIT CHANGES;");
        out.println("                                                 the same, for ever; Ctrl-C ends it");
        out.println();
        out.println("Commands:");
        for (ShellCommand each : commands.all()) {
            String usage = "\\" + each.names().getFirst() + " " + each.arguments();
            out.println("  " + String.format("%-40s", usage.strip()) + " " + each.summary());
        }
        out.println();
        out.println("Tab completes names, the arrow keys recall what was typed, Ctrl-C gives up, Ctrl-D leaves.");
        out.flush();
        return RunOutcome.OK;
    }
}
