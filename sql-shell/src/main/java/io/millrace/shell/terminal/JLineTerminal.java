package io.millrace.shell.terminal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.InfoCmp;
import org.jspecify.annotations.Nullable;

/// [ShellTerminal] on JLine.
public final class JLineTerminal implements ShellTerminal {
    private static final int WIDTH_MIN = 20;
    private static final int HEIGHT_MIN = 5;
    // kept, because loggers are forgotten otherwise; what JLine has to say would land in the middle of the
    // screen
    private static final Logger JLINE_LOG = Logger.getLogger("org.jline");

    static {
        JLINE_LOG.setLevel(Level.OFF);
    }

    private final Terminal terminal;
    private final @Nullable Path history;
    private final boolean colours;
    private @Nullable LineReader reader; // made when first needed: a one-shot run never reads
    private volatile Runnable interruptAction = () -> {};

    private JLineTerminal(Terminal terminal, @Nullable Path history, boolean colours) {
        this.terminal = terminal;
        this.history = history;
        this.colours = colours;
        terminal.handle(Terminal.Signal.INT, _ -> interruptAction.run());
    }

    /// The terminal that the process was started on.
    ///
    /// @param history file that keeps what was typed, or null to keep nothing
    public static JLineTerminal system(@Nullable Path history, boolean colours) throws IOException {
        return new JLineTerminal(TerminalBuilder.builder().system(true).build(), history, colours);
    }

    /// A terminal at the other end of two streams.
    ///
    /// @param type as in the environment variable TERM, for instance `xterm-256color` or `dumb`
    public static JLineTerminal on(
            InputStream in,
            OutputStream out,
            String type,
            int width,
            int height,
            @Nullable Path history,
            boolean colours)
            throws IOException {
        Terminal terminal = TerminalBuilder.builder()
                .name("millrace")
                .system(false)
                .streams(in, out)
                .type(type)
                .encoding(StandardCharsets.UTF_8)
                .size(new Size(width, height))
                .build();
        return new JLineTerminal(terminal, history, colours);
    }

    @Override
    public PrintWriter out() {
        return terminal.writer();
    }

    @Override
    public int width() {
        int width = terminal.getWidth();
        return width <= 0 ? 80 : Math.max(WIDTH_MIN, width);
    }

    @Override
    public int height() {
        int height = terminal.getHeight();
        return height <= 0 ? 24 : Math.max(HEIGHT_MIN, height);
    }

    @Override
    public boolean canRedraw() {
        return !terminal.getType().startsWith("dumb")
                && terminal.getStringCapability(InfoCmp.Capability.cursor_up) != null;
    }

    @Override
    public Input read(String prompt, Assistance assistance) {
        LineReader editor = reader;
        if (editor == null) {
            editor = build(assistance);
            reader = editor;
        }
        try {
            return new Input.Text(editor.readLine(prompt));
        } catch (UserInterruptException interrupted) {
            return new Input.Interrupted();
        } catch (EndOfFileException end) {
            return new Input.End();
        } finally {
            // the editor brings its own handler and puts back the one it found; be sure that it is ours
            terminal.handle(Terminal.Signal.INT, _ -> interruptAction.run());
        }
    }

    private LineReader build(Assistance assistance) {
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("millrace")
                .parser(new SqlLineParser(assistance))
                .completer((_, line, candidates) -> complete(line.line(), line.cursor(), assistance, candidates))
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, "%P -> ")
                .variable(LineReader.INDENTATION, 0)
                .variable(LineReader.LIST_MAX, 80)
                .variable(LineReader.HISTORY_FILE_SIZE, 10_000)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.CASE_INSENSITIVE, true)
                .option(LineReader.Option.HISTORY_IGNORE_SPACE, true)
                .option(LineReader.Option.HISTORY_BEEP, false)
                .option(LineReader.Option.AUTO_FRESH_LINE, true)
                .option(LineReader.Option.USE_FORWARD_SLASH, false);
        if (colours) {
            builder.highlighter(new SqlHighlighter());
        }
        if (history != null) {
            builder.variable(LineReader.HISTORY_FILE, history);
        }
        return builder.build();
    }

    private static void complete(String line, int cursor, Assistance assistance, List<Candidate> candidates) {
        for (Suggestion suggestion : assistance.suggest(line.substring(0, cursor))) {
            candidates.add(new Candidate(
                    suggestion.text(), suggestion.text(), suggestion.group(), null, null, null, suggestion.finished()));
        }
    }

    @Override
    public Registration onInterrupt(Runnable action) {
        Runnable before = interruptAction;
        interruptAction = action;
        return () -> interruptAction = before;
    }

    @Override
    public Keyboard keyboard() {
        Attributes before = terminal.enterRawMode();
        return new Keyboard() {
            @Override
            public int read(long timeoutMs) {
                try {
                    int key = terminal.reader().read(Math.max(1, timeoutMs));
                    return key < 0 ? NONE : key;
                } catch (IOException gone) {
                    return NONE;
                }
            }

            @Override
            public void close() {
                terminal.setAttributes(before);
            }
        };
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException gone) {
            // the terminal went away before us; nothing is left to restore
        }
    }
}
