package io.millrace.shell.command;

import io.millrace.shell.ErrorCatalogue;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.List;

/// `\explain CODE` prints what an error code means.
final class ExplainErrorCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("explain");
    }

    @Override
    public String arguments() {
        return "CODE";
    }

    @Override
    public String summary() {
        return "Explain an error code";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        ErrorCatalogue catalogue = ErrorCatalogue.load();
        String code = command.arguments().isEmpty() ? "" : command.arguments().getFirst();
        return catalogue
                .text(code)
                .map(text -> {
                    session.out().println(text);
                    session.out().flush();
                    return RunOutcome.OK;
                })
                .orElseGet(() -> {
                    session.printError(catalogue.unknown(code));
                    return RunOutcome.FAILED;
                });
    }
}
