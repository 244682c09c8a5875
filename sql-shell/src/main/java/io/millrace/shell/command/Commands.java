package io.millrace.shell.command;

import io.millrace.client.MillraceException;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All commands that begin with a backslash.
public final class Commands {
    private final List<ShellCommand> all = new ArrayList<>();
    private final Map<String, ShellCommand> byName = new LinkedHashMap<>();

    public Commands() {
        List<ShellCommand> commands = List.of(
                new DescribeCommand(),
                new ListCommand(List.of("dt"), "List tables", "table"),
                new ListCommand(List.of("ds"), "List streams", "stream"),
                new ListCommand(List.of("dv", "dm"), "List views and materialized views", "view"),
                new ShowCommand(List.of("dq"), "List running queries", "SHOW QUERIES"),
                new TopicsCommand(),
                new ExpandedCommand(),
                new FormatCommand(),
                new TimingCommand(),
                new IncludeCommand(this),
                new EditCommand(this),
                new WatchCommand(),
                new ExplainErrorCommand(),
                new HelpCommand(this),
                new QuitCommand());
        for (ShellCommand command : commands) {
            all.add(command);
            command.names().forEach(name -> byName.put(name, command));
        }
    }

    /// Every name, for completion.
    public List<String> names() {
        return List.copyOf(byName.keySet());
    }

    List<ShellCommand> all() {
        return all;
    }

    /// Runs the command, or says which one may have been meant.
    public RunOutcome run(Session session, Statement.Command command) {
        ShellCommand known = byName.get(command.name());
        if (known == null && command.name().endsWith("+")) { // psql's "more of it"; there is no more
            known = byName.get(command.name().substring(0, command.name().length() - 1));
        }
        if (known == null) {
            session.printError("There is no command \\" + command.name() + ". \\? lists all commands.");
            return RunOutcome.FAILED;
        }
        try {
            return known.run(session, command);
        } catch (MillraceException failure) {
            session.printError(failure, null);
            return RunOutcome.of(failure);
        }
    }
}
