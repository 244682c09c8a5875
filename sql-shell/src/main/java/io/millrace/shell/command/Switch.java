package io.millrace.shell.command;

import io.millrace.shell.parse.Statement;

/// `on`, `off`, or the other one.
final class Switch {
    private Switch() {}

    static boolean next(Statement.Command command, boolean now) {
        String wanted = command.arguments().isEmpty() ? "" : command.arguments().getFirst();
        return wanted.equals("on") || !wanted.equals("off") && !now;
    }
}
