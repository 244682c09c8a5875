package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\q`.
final class QuitCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("q", "quit");
    }

    @Override
    public String arguments() {
        return "";
    }

    @Override
    public String summary() {
        return "Leave the shell";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        session.quit();
        return RunOutcome.OK;
    }
}
