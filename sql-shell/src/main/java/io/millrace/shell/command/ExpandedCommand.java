package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\x` turns the vertical form on and off.
final class ExpandedCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("x");
    }

    @Override
    public String arguments() {
        return "[on|off]";
    }

    @Override
    public String summary() {
        return "Show rows vertically, or as a table again";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        boolean on = Switch.next(command, session.format() == OutputFormat.VERTICAL);
        session.format(on ? OutputFormat.VERTICAL : OutputFormat.TABLE);
        session.out().println("Expanded display is " + (on ? "on." : "off."));
        session.out().flush();
        return RunOutcome.OK;
    }
}
