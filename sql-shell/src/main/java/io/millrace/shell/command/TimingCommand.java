package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\timing` tells how long statements take.
final class TimingCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("timing");
    }

    @Override
    public String arguments() {
        return "[on|off]";
    }

    @Override
    public String summary() {
        return "Show how long each statement takes";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        session.timing(Switch.next(command, session.timing()));
        session.out().println("Timing is " + (session.timing() ? "on." : "off."));
        session.out().flush();
        return RunOutcome.OK;
    }
}
