package io.millrace.shell.parse;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Divides input into statements: SQL ends at `;`, a command at the end of its line.
///
/// A backslash outside of strings, names and comments begins a command, wherever it stands. Only the last
/// statement can be [Statement.Incomplete]. `help`, `quit` and `exit` alone on a line count as commands, as in
/// psql.
public final class StatementSplitter {
    private final String input;
    private final List<Statement> statements = new ArrayList<>();
    private int countedTo;
    private int line = 1;

    private StatementSplitter(String input) {
        this.input = input;
    }

    public static List<Statement> split(String input) {
        StatementSplitter splitter = new StatementSplitter(input);
        int at = 0;
        while (at < input.length()) {
            at = splitter.takeOne(at);
        }
        return splitter.statements;
    }

    /// Whether the input can be run as it is. Blank input can.
    public static boolean isComplete(String input) {
        List<Statement> statements = split(input);
        return statements.isEmpty() || !(statements.getLast() instanceof Statement.Incomplete);
    }

    /// Adds the statement that begins at `from`, if there is one, and returns where the next may begin.
    private int takeOne(int from) {
        int contentStart = -1;
        int at = from;
        while (at < input.length()) {
            Token token = SqlScanner.next(input, at);
            at = token.end();
            switch (token.kind()) {
                case SPACE, COMMENT -> {}
                case WORD, QUOTED_NAME, STRING, NUMBER, UNFINISHED -> {
                    if (contentStart < 0) {
                        contentStart = token.start();
                        String command = wordCommand(contentStart);
                        if (!command.isEmpty()) {
                            statements.add(new Statement.Command(command, List.of(), "", lineOf(contentStart)));
                            return lineEnd(contentStart);
                        }
                    }
                }
                case SYMBOL -> {
                    char symbol = input.charAt(token.start());
                    if (symbol == ';') {
                        if (contentStart >= 0) {
                            String text = input.substring(contentStart, token.start());
                            statements.add(new Statement.Sql(text.stripTrailing(), lineOf(contentStart)));
                        }
                        return at;
                    }
                    if (symbol == '\\') {
                        String buffer = contentStart < 0
                                ? ""
                                : input.substring(contentStart, token.start()).strip();
                        int lineEnd = lineEnd(token.start());
                        statements.add(command(input.substring(at, lineEnd), buffer, lineOf(token.start())));
                        return lineEnd;
                    }
                    if (contentStart < 0) {
                        contentStart = token.start();
                    }
                }
            }
        }
        if (contentStart >= 0) {
            String text = input.substring(contentStart).stripTrailing();
            statements.add(new Statement.Incomplete(text, lineOf(contentStart)));
        }
        return input.length();
    }

    private String wordCommand(int start) {
        String rest = input.substring(start, lineEnd(start)).strip();
        String bare = rest.endsWith(";") ? rest.substring(0, rest.length() - 1).strip() : rest;
        return switch (bare.toLowerCase(Locale.ROOT)) {
            case "help" -> "?";
            case "quit", "exit" -> "q";
            default -> "";
        };
    }

    private int lineEnd(int from) {
        int end = input.indexOf('\n', from);
        return end < 0 ? input.length() : end;
    }

    /// Positions only grow, so each character is counted once.
    private int lineOf(int position) {
        for (; countedTo < position; countedTo++) {
            if (input.charAt(countedTo) == '\n') {
                line++;
            }
        }
        return line;
    }

    /// Arguments are divided by blanks; quotes keep blanks and are taken off. A semicolon at the very end is
    /// ignored.
    private static Statement command(String text, String buffer, int line) {
        String body = text.strip();
        if (body.endsWith(";")) {
            body = body.substring(0, body.length() - 1).strip();
        }
        int nameEnd = 0;
        while (nameEnd < body.length() && !Character.isWhitespace(body.charAt(nameEnd))) {
            nameEnd++;
        }
        List<String> arguments = new ArrayList<>();
        StringBuilder argument = new StringBuilder();
        boolean inside = false;
        char quote = 0;
        for (int at = nameEnd; at < body.length(); at++) {
            char c = body.charAt(at);
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    argument.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                inside = true;
            } else if (Character.isWhitespace(c)) {
                if (inside) {
                    arguments.add(argument.toString());
                    argument.setLength(0);
                    inside = false;
                }
            } else {
                argument.append(c);
                inside = true;
            }
        }
        if (inside) {
            arguments.add(argument.toString());
        }
        return new Statement.Command(body.substring(0, nameEnd), arguments, buffer, line);
    }
}
