package io.millrace.shell.run;

import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import io.millrace.client.SqlAnswer;
import io.millrace.client.SqlResult;
import io.millrace.shell.parse.Statement;
import io.millrace.shell.print.Borders;
import io.millrace.shell.print.ErrorPrinter;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.Palette;
import io.millrace.shell.print.PrintSettings;
import io.millrace.shell.print.ResultPrinter;
import io.millrace.shell.terminal.ShellTerminal;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where statements run: a connection, a place to print to, and what the person has chosen so far.
///
/// Threading: one thread.
public final class Session {
    private static final Pattern SET = Pattern.compile("(?is)SET\\s+([a-z_][a-z0-9_.]*)\\s*(?:=|\\s+TO\\s+)\\s*(.+)");

    private final MillraceClient client;
    private final PrintWriter out;
    private final PrintWriter errors;
    private final @Nullable ShellTerminal terminal;
    private final Palette palette;
    private final Palette errorPalette;
    private final Borders borders;
    private final CatalogCache catalog;
    private final Map<String, String> settings = new LinkedHashMap<>();
    private OutputFormat format;
    private boolean timing;
    private boolean quit;
    private String lastStatement = "";

    /// @param terminal the screen that `out` goes to, or null when it goes somewhere else
    public Session(
            MillraceClient client,
            PrintWriter out,
            PrintWriter errors,
            @Nullable ShellTerminal terminal,
            OutputFormat format,
            Palette palette,
            Palette errorPalette,
            Borders borders) {
        this.client = client;
        this.out = out;
        this.errors = errors;
        this.terminal = terminal;
        this.format = format;
        this.palette = palette;
        this.errorPalette = errorPalette;
        this.borders = borders;
        this.catalog = new CatalogCache(client);
    }

    public MillraceClient client() {
        return client;
    }

    public PrintWriter out() {
        return out;
    }

    public Optional<ShellTerminal> terminal() {
        return Optional.ofNullable(terminal);
    }

    public Palette palette() {
        return palette;
    }

    CatalogCache catalog() {
        return catalog;
    }

    public OutputFormat format() {
        return format;
    }

    public void format(OutputFormat other) {
        format = other;
    }

    public boolean timing() {
        return timing;
    }

    public void timing(boolean on) {
        timing = on;
    }

    /// The SQL that ran last, for `\e` and `\watch`; empty before the first.
    public String lastStatement() {
        return lastStatement;
    }

    /// Asks the loop that reads statements to end.
    public void quit() {
        quit = true;
    }

    public boolean hasQuit() {
        return quit;
    }

    public PrintSettings printSettings() {
        int width = terminal == null ? Integer.MAX_VALUE : terminal.width();
        boolean people = format == OutputFormat.TABLE || format == OutputFormat.VERTICAL;
        return new PrintSettings(format, width, palette, borders, people);
    }

    public ResultPrinter printer() {
        return new ResultPrinter(out, printSettings());
    }

    /// Runs one SQL statement and prints its answer or its error.
    public RunOutcome run(Statement.Sql statement) {
        return run(statement.text());
    }

    /// Runs one SQL statement and prints its answer or its error.
    public RunOutcome run(String sql) {
        lastStatement = sql;
        Thread runner = Thread.currentThread();
        ShellTerminal screen = terminal;
        ShellTerminal.Registration registration = screen == null ? () -> {} : screen.onInterrupt(runner::interrupt);
        long start = System.nanoTime();
        try {
            SqlAnswer answer = client.sql().execute(sql, settings);
            switch (answer) {
                case SqlAnswer.Complete(SqlResult result) -> {
                    printer().print(result);
                    remember(sql);
                    if (timing) {
                        printTime(System.nanoTime() - start, result.elapsedMs());
                    }
                    if (changesCatalog(sql)) {
                        catalog.refresh();
                    }
                    return RunOutcome.OK;
                }
                case SqlAnswer.Continuous continuous -> {
                    return new ContinuousRun(this, borders).run(continuous.changes());
                }
            }
        } catch (MillraceException failure) {
            if (failure.code().equals(MillraceException.INTERRUPTED)) {
                return RunOutcome.INTERRUPTED;
            }
            printError(failure, sql);
            return RunOutcome.of(failure);
        } finally {
            registration.close();
            boolean _ = Thread.interrupted(); // the interrupt was for the statement, which is over
        }
    }

    private void printTime(long nanos, double serverMs) {
        out.println(palette.dim(String.format(Locale.ROOT, "Time: %.1f ms (server %.1f ms)", nanos / 1e6, serverMs)));
        out.flush();
    }

    /// HTTP keeps no session, so what `SET` set is sent along with every later statement.
    private void remember(String sql) {
        Matcher set = SET.matcher(sql.strip());
        if (set.matches()) {
            String value = set.group(2).strip();
            boolean quoted = value.length() > 1 && value.startsWith("'") && value.endsWith("'");
            settings.put(
                    set.group(1).toLowerCase(Locale.ROOT),
                    quoted ? value.substring(1, value.length() - 1).replace("''", "'") : value);
        }
    }

    private static boolean changesCatalog(String sql) {
        String upper = sql.stripLeading().toUpperCase(Locale.ROOT);
        return upper.startsWith("CREATE") || upper.startsWith("DROP") || upper.startsWith("ALTER");
    }

    /// @param sql the statement the error's position is about, or null
    public void printError(MillraceException failure, @Nullable String sql) {
        out.flush();
        ErrorPrinter.lines(failure, sql, errorPalette).forEach(errors::println);
        errors.flush();
    }

    public void printError(String message) {
        out.flush();
        errors.println(errorPalette.error("ERROR:") + " " + message);
        errors.flush();
    }
}
