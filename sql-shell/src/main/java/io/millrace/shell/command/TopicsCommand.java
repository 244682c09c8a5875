package io.millrace.shell.command;

import io.millrace.shell.TopicTables;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\topics` lists topics; `\topics NAME` shows the partitions of one.
final class TopicsCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("topics", "l");
    }

    @Override
    public String arguments() {
        return "[NAME]";
    }

    @Override
    public String summary() {
        return "List topics, or describe one";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        if (command.arguments().isEmpty()) {
            session.printer().print(TopicTables.list(session.client().topics()));
            return RunOutcome.OK;
        }
        String name = command.arguments().getFirst();
        return session.client()
                .topics()
                .describe(name)
                .map(topic -> {
                    session.printer().print(TopicTables.describe(topic));
                    return RunOutcome.OK;
                })
                .orElseGet(() -> {
                    session.printError("There is no topic '" + name + "'. \\topics lists all topics.");
                    return RunOutcome.FAILED;
                });
    }
}
