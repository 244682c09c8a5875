package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\dt`, `\ds`, `\dv`: the catalogue, one kind of it.
record ListCommand(List<String> names, String summary, String kind) implements ShellCommand {
    @Override
    public String arguments() {
        return "";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        return Relations.print(session, relation -> relation.kind().endsWith(kind));
    }
}
