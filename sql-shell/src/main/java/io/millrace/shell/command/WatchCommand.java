package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.Session;
import io.millrace.shell.terminal.ShellTerminal;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// `\watch 2` runs the statement before it, or the last one, every two seconds until Ctrl-C.
final class WatchCommand implements ShellCommand {
    @Override
    public List<String> names() {
        return List.of("watch");
    }

    @Override
    public String arguments() {
        return "[SECONDS]";
    }

    @Override
    public String summary() {
        return "Run the last statement again and again";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        String sql = command.buffer().isEmpty() ? session.lastStatement() : command.buffer();
        if (sql.isEmpty()) {
            session.printError("There is no statement to watch yet.");
            return RunOutcome.FAILED;
        }
        double seconds;
        try {
            seconds = command.arguments().isEmpty()
                    ? 2
                    : Double.parseDouble(command.arguments().getFirst());
        } catch (NumberFormatException notANumber) {
            seconds = -1;
        }
        if (!(seconds > 0) || seconds > 86_400) {
            session.printError("\\watch needs a number of seconds above 0, not '"
                    + command.arguments().getFirst() + "'.");
            return RunOutcome.FAILED;
        }
        while (true) {
            session.out()
                    .println(session.palette()
                            .dim(LocalTime.now().truncatedTo(ChronoUnit.SECONDS) + " (every " + seconds + " s)"));
            RunOutcome outcome = session.run(sql);
            if (outcome != RunOutcome.OK) {
                return outcome;
            }
            Thread runner = Thread.currentThread();
            ShellTerminal.Registration registration = session.terminal()
                    .map(terminal -> terminal.onInterrupt(runner::interrupt))
                    .orElse(() -> {});
            try {
                Thread.sleep((long) (seconds * 1000));
            } catch (InterruptedException ctrlC) {
                return RunOutcome.INTERRUPTED;
            } finally {
                registration.close();
            }
        }
    }
}
