package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.ScriptRun;
import io.millrace.shell.run.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// `\e` opens the statement before it, or the last one, in an editor and runs what comes back.
final class EditCommand implements ShellCommand {
    private final Commands commands;

    EditCommand(Commands commands) {
        this.commands = commands;
    }

    @Override
    public List<String> names() {
        return List.of("e", "edit");
    }

    @Override
    public String arguments() {
        return "";
    }

    @Override
    public String summary() {
        return "Edit the last statement, then run it";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        if (session.terminal().isEmpty()) {
            session.printError("\\e needs a terminal.");
            return RunOutcome.FAILED;
        }
        String before = command.buffer().isEmpty() ? session.lastStatement() : command.buffer();
        try {
            Path file = Files.createTempFile("millrace", ".sql");
            try {
                Files.writeString(file, before.isEmpty() ? "" : before + ";\n");
                int exit = new ProcessBuilder("sh", "-c", editor() + " \"$1\"", "sh", file.toString())
                        .inheritIO()
                        .start()
                        .waitFor();
                String after = Files.readString(file);
                if (exit != 0 || after.isBlank() || after.strip().equals((before + ";").strip())) {
                    return RunOutcome.OK; // psql runs unchanged text too; here leaving the editor means "never mind"
                }
                session.out().println(after.strip());
                session.out().flush();
                return new ScriptRun(session, commands).run(after);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException failed) {
            session.printError("Cannot run the editor '" + editor() + "': " + failed.getMessage());
            return RunOutcome.FAILED;
        } catch (InterruptedException interrupted) {
            return RunOutcome.INTERRUPTED;
        }
    }

    private static String editor() {
        for (String name : List.of("VISUAL", "EDITOR")) {
            String value = System.getenv(name);
            if (value != null && !value.isBlank()) {
                return value;
            }
        }
        return "vi";
    }
}
