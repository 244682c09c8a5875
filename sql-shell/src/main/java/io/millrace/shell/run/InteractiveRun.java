package io.millrace.shell.run;

import io.millrace.shell.command.Commands;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.parse.StatementSplitter;
import io.millrace.shell.terminal.Input;
import io.millrace.shell.terminal.ShellTerminal;

/// Reads statements from a person and runs them until the person leaves.
public final class InteractiveRun {
    private static final String PROMPT = "millrace> ";

    private final Session session;
    private final ShellTerminal terminal;
    private final Commands commands;

    public InteractiveRun(Session session, ShellTerminal terminal, Commands commands) {
        this.session = session;
        this.terminal = terminal;
        this.commands = commands;
    }

    public RunOutcome run() {
        session.catalog().refresh();
        Completion completion = new Completion(() -> session.catalog().latest(), commands.names());
        while (!session.hasQuit()) {
            switch (terminal.read(PROMPT, completion)) {
                case Input.Text(String text) -> {
                    runAll(text);
                    session.catalog().refresh();
                }
                case Input.Interrupted() -> {}
                case Input.End() -> session.quit();
            }
        }
        return RunOutcome.OK;
    }

    private void runAll(String text) {
        for (Statement statement : StatementSplitter.split(text)) {
            RunOutcome outcome = switch (statement) {
                case Statement.Sql sql -> session.run(sql);
                case Statement.Command command -> commands.run(session, command);
                case Statement.Incomplete rest -> session.run(rest.text());
            };
            if (outcome == RunOutcome.INTERRUPTED) {
                terminal.out().println(session.palette().dim("Query ended."));
                terminal.out().flush();
            }
            if (outcome != RunOutcome.OK || session.hasQuit()) {
                return; // the rest of the line was typed in the belief that this would work
            }
        }
    }
}
