package io.millrace.shell.run;

import io.millrace.shell.command.Commands;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.parse.StatementSplitter;

/// Runs the statements of a text one after the other and stops at the first that fails.
///
/// The last statement needs no semicolon.
public final class ScriptRun {
    private final Session session;
    private final Commands commands;

    public ScriptRun(Session session, Commands commands) {
        this.session = session;
        this.commands = commands;
    }

    public RunOutcome run(String text) {
        for (Statement statement : StatementSplitter.split(text)) {
            RunOutcome outcome = switch (statement) {
                case Statement.Sql sql -> session.run(sql);
                case Statement.Command command -> commands.run(session, command);
                case Statement.Incomplete rest -> session.run(rest.text());
            };
            if (outcome != RunOutcome.OK || session.hasQuit()) {
                return outcome;
            }
        }
        return RunOutcome.OK;
    }
}
