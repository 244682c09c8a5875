package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;
import io.millrace.shell.run.RunOutcome;
import io.millrace.shell.run.ScriptRun;
import io.millrace.shell.run.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// `\i FILE` runs a script.
final class IncludeCommand implements ShellCommand {
    private static final int DEPTH_MAX = 16;

    private final Commands commands;
    private int depth;

    IncludeCommand(Commands commands) {
        this.commands = commands;
    }

    @Override
    public List<String> names() {
        return List.of("i", "include");
    }

    @Override
    public String arguments() {
        return "FILE";
    }

    @Override
    public String summary() {
        return "Run the statements in a file";
    }

    @Override
    public RunOutcome run(Session session, Statement.Command command) {
        if (command.arguments().size() != 1) {
            session.printError("\\i needs the name of one file.");
            return RunOutcome.FAILED;
        }
        String name = command.arguments().getFirst();
        Path file = name.startsWith("~/") ? Path.of(System.getProperty("user.home"), name.substring(2)) : Path.of(name);
        if (depth == DEPTH_MAX) {
            session.printError(
                    "Files include each other more than " + DEPTH_MAX + " deep; does " + file + " include itself?");
            return RunOutcome.FAILED;
        }
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException unreadable) {
            session.printError("Cannot read " + file + ": " + unreadable.getMessage());
            return RunOutcome.FAILED;
        }
        depth++;
        try {
            return new ScriptRun(session, commands).run(text);
        } finally {
            depth--;
        }
    }
}
