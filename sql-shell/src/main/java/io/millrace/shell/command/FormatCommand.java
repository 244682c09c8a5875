package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// `\format csv` changes how results are printed.
final class FormatCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("format");
    }

    @Override
    public String arguments() {
        return "[table|vertical|csv|json|ndjson]";
    }

    @Override
    public String summary() {
        return "Show or change the output format";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        if (!command.arguments().isEmpty()) {
            String wanted = command.arguments().getFirst();
            OutputFormat format = Arrays.stream(OutputFormat.values())
                    .filter(candidate -> candidate.toString().equalsIgnoreCase(wanted))
                    .findFirst()
                    .orElse(null);
            if (format == null) {
                String known = Arrays.stream(OutputFormat.values())
                        .map(OutputFormat::toString)
                        .collect(Collectors.joining(", "));
                session.printError("There is no format '" + wanted + "'. Formats are " + known + ".");
                return RunOutcome.FAILED;
            }
            session.format(format);
        }
        session.out().println("Output format is " + session.format() + ".");
        session.out().flush();
        return RunOutcome.OK;
    }
}
