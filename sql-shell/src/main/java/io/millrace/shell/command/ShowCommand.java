package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// A short name for a statement.
record ShowCommand(List<String> names, String summary, String sql) implements ShellCommand {
    @Override
    public String arguments() {
        return "";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        return session.run(sql);
    }
}
