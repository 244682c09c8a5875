package io.millrace.acceptance;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One command of a `console` block and what the document shows below it.
///
/// @param line of the command in its document, from 1
/// @param command as typed; lines after the first stand behind `> ` in the document
/// @param output shown lines; a line of only `…` stands for any number of lines
record ConsoleStep(int line, String command, List<String> output) {
    static final String ANY_LINES = "…";
    private static final String FENCE = "```";
    private static final String OPENING = "```console";
    private static final String PROMPT = "$ ";
    private static final String CONTINUATION = "> ";

    ConsoleStep {
        output = List.copyOf(output);
    }

    /// Whether the shell goes on while the command still runs.
    boolean isBackground() {
        return command.endsWith("&") && !command.endsWith("&&");
    }

    /// Whether it goes on for ever and `timeout` ends it.
    boolean isTimed() {
        return command.startsWith("timeout ");
    }

    /// All steps of a document's `console` blocks, in order.
    ///
    /// @throws IllegalArgumentException when a block does not begin with a prompt or is not closed
    static List<ConsoleStep> of(List<String> document) {
        List<ConsoleStep> steps = new ArrayList<>();
        boolean inside = false;
        Draft draft = null;
        for (int i = 0; i < document.size(); i++) {
            String text = document.get(i).stripTrailing();
            if (!inside) {
                inside = text.equals(OPENING);
                continue;
            }
            if (text.equals(FENCE)) {
                inside = false;
                add(steps, draft);
                draft = null;
            } else if (text.startsWith(PROMPT)) {
                add(steps, draft);
                draft = new Draft(i + 1, text.substring(PROMPT.length()));
            } else if (draft == null) {
                throw new IllegalArgumentException(
                        "line " + (i + 1) + ": a console block begins with '$ ' and a command, not with: " + text);
            } else if (draft.output.isEmpty() && (text + " ").startsWith(CONTINUATION)) {
                draft.command
                        .append('\n')
                        .append((text + " ").substring(CONTINUATION.length()).stripTrailing());
            } else {
                draft.output.add(text);
            }
        }
        if (inside) {
            throw new IllegalArgumentException("the last console block is not closed");
        }
        return steps;
    }

    private static void add(List<ConsoleStep> steps, @Nullable Draft draft) {
        if (draft != null) {
            steps.add(new ConsoleStep(draft.line, draft.command.toString(), withoutLastBlankLines(draft.output)));
        }
    }

    static List<String> withoutLastBlankLines(List<String> lines) {
        int end = lines.size();
        while (end > 0 && lines.get(end - 1).isBlank()) {
            end--;
        }
        return lines.subList(0, end);
    }

    private static final class Draft {
        private final int line;
        private final StringBuilder command;
        private final List<String> output = new ArrayList<>();

        private Draft(int line, String command) {
            this.line = line;
            this.command = new StringBuilder(command);
        }
    }

    /// Whether these lines are what the document shows, but for what [VolatileText] blots out.
    boolean matches(List<String> actual) {
        List<String> wanted = output.stream().map(VolatileText::blot).toList();
        List<String> found =
                withoutLastBlankLines(actual).stream().map(VolatileText::blot).toList();
        return matches(wanted, 0, found, 0);
    }

    private static boolean matches(List<String> wanted, int from, List<String> found, int at) {
        if (from == wanted.size()) {
            return at == found.size();
        }
        if (wanted.get(from).strip().equals(ANY_LINES)) {
            for (int next = at; next <= found.size(); next++) {
                if (matches(wanted, from + 1, found, next)) {
                    return true;
                }
            }
            return false;
        }
        return at < found.size() && wanted.get(from).equals(found.get(at)) && matches(wanted, from + 1, found, at + 1);
    }
}
