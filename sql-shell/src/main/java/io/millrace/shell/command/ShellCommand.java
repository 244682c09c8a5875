package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// A command that begins with a backslash.
interface ShellCommand {

    /// Without the backslash; the first is the one that help shows.
    List<String> names();

    /// Arguments as help shows them, for instance `[NAME]`; empty for none.
    String arguments();

    /// One line for help.
    String summary();

    /// @throws io.millrace.client.MillraceException is printed by the caller
    RunOutcome run(Session session, Statement.Command command);
}
