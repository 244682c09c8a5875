package io.millrace.faults;

import io.millrace.faults.check.Violation;
import io.millrace.faults.check.Violation.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The table of faults, for people, as Markdown that is readable as it stands.
public final class Report {
    private static final List<String> HEAD = head();

    private Report() {}

    private static List<String> head() {
        List<String> head = new ArrayList<>(List.of("fault"));
        for (Kind kind : Kind.values()) {
            head.add(lower(kind));
        }
        head.addAll(List.of("writes resume after (median, worst)", "acknowledged", "unknown", "restarts", "result"));
        return head;
    }

    private static String lower(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    /// One row of the table with everything below it that needs words.
    public static String table(List<RowResult> results) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(HEAD);
        results.stream().map(Report::cells).forEach(lines::add);
        int[] widths = new int[HEAD.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < line.size(); i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        StringBuilder table = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            table.append(line(lines.get(i), widths)).append('\n');
            if (i == 0) {
                List<String> rule = new ArrayList<>();
                for (int width : widths) {
                    rule.add("-".repeat(width));
                }
                table.append(line(rule, widths)).append('\n');
            }
        }
        return table.toString();
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder("|");
        for (int i = 0; i < cells.size(); i++) {
            line.append(' ').append(pad(cells.get(i), widths[i])).append(" |");
        }
        return line.toString();
    }

    private static String pad(String text, int width) {
        return text + " ".repeat(width - text.length());
    }

    private static List<String> cells(RowResult result) {
        return switch (result) {
            case RowResult.Skipped(Row row, String reason) -> empty(row.name(), "skipped: " + reason);
            case RowResult.Broken broken -> empty(broken.row().name(), "FAILED: did not recover");
            case RowResult.Checked checked ->
                checked(checked, checked.row().name(), checked.isFailure() ? "FAILED" : "ok");
            case RowResult.Proved proved ->
                checked(
                        proved.run(),
                        proved.row().name() + ": " + proved.row().planted().what(),
                        proved.isCaught() ? "caught" : "FAILED: not caught");
        };
    }

    private static List<String> empty(String name, String result) {
        List<String> cells = new ArrayList<>(Collections.nCopies(HEAD.size(), ""));
        cells.set(0, name);
        cells.set(HEAD.size() - 1, result);
        return cells;
    }

    private static List<String> checked(RowResult.Checked checked, String name, String result) {
        List<String> cells = new ArrayList<>();
        cells.add(name);
        for (Kind kind : Kind.values()) {
            cells.add(String.valueOf(checked.verdict().count(kind)));
        }
        cells.add(times(checked.resumedAfterMs()));
        cells.add(String.valueOf(checked.verdict().acknowledged()));
        cells.add(String.valueOf(checked.verdict().uncertain()));
        cells.add(String.valueOf(checked.restarts()));
        cells.add(result);
        return cells;
    }

    private static String times(List<Long> resumedAfterMs) {
        if (resumedAfterMs.isEmpty()) {
            return "";
        }
        List<Long> sorted = resumedAfterMs.stream().sorted().toList();
        double median = (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2e3;
        return "%.2f s, %.2f s".formatted(median, sorted.getLast() / 1e3);
    }

    /// What some rows measure beyond the table; empty for the others.
    static String measured(RowResult.Checked checked) {
        List<Long> waitedMs = checked.verdict().aloneMs();
        if (!waitedMs.isEmpty()) {
            return "  %s: a node alone answered %d writes after %s (median, worst)%n"
                    .formatted(checked.row().name(), waitedMs.size(), times(waitedMs));
        }
        if (checked.row().course() != Row.Course.BROKEN) {
            return "  %s: no write with retries took longer than %.2f s%n"
                    .formatted(checked.row().name(), checked.verdict().retriedMsMax() / 1e3);
        }
        return "";
    }

    /// What is to be said of a row beyond its numbers; empty for nothing.
    public static String details(RowResult result) {
        return switch (result) {
            case RowResult.Skipped _ -> "";
            case RowResult.Broken(Row row, long seed, String reason, String folder) ->
                "%s (row seed %d): %s%n  everything is in %s%n".formatted(row.name(), seed, reason, folder);
            case RowResult.Checked checked -> checked.isFailure() ? details(checked) : measured(checked);
            case RowResult.Proved proved -> proved.isFailure() ? details(proved.run()) : "";
        };
    }

    private static String details(RowResult.Checked checked) {
        StringBuilder text =
                new StringBuilder("%s (row seed %d)%n".formatted(checked.row().name(), checked.seed()));
        checked.problems().forEach(problem -> text.append("  ").append(problem).append('\n'));
        for (Violation violation : checked.verdict().examples()) {
            text.append("  ").append(violation).append('\n');
        }
        return text.append(measured(checked))
                .append("  answers to writes: ")
                .append(answers(checked.answers()))
                .append("\n  everything is in ")
                .append(checked.folder())
                .append('\n')
                .toString();
    }

    /// How writes were answered.
    static String answers(Map<String, Long> answers) {
        return new TreeMap<>(answers)
                .entrySet().stream()
                        .map(answer -> answer.getKey() + " ×" + answer.getValue())
                        .collect(Collectors.joining(", "));
    }
}
