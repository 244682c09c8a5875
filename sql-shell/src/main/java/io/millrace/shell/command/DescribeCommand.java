package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\d` lists what SQL can name; `\d NAME` shows one of them.
final class DescribeCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("d");
    }

    @Override
    public String arguments() {
        return "[NAME]";
    }

    @Override
    public String summary() {
        return "List relations, or describe one";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        if (command.arguments().isEmpty()) {
            return Relations.print(session, _ -> true);
        }
        for (String name : command.arguments()) {
            RunOutcome outcome = session.run("DESCRIBE " + quoted(name));
            if (outcome != RunOutcome.OK) {
                return outcome;
            }
        }
        return RunOutcome.OK;
    }

    /// Names are taken as they are listed, which is as they are stored.
    private static String quoted(String name) {
        boolean plain = name.matches("[a-z_][a-z0-9_]*");
        return plain ? name : "\"" + name.replace("\"", "\"\"") + "\"";
    }
}
