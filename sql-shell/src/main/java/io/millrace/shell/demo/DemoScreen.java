package io.millrace.shell.demo;

import io.millrace.shell.print.Borders;
import io.millrace.shell.print.DisplayWidth;
import io.millrace.shell.print.LiveTable;
import io.millrace.shell.print.Palette;
import io.millrace.shell.terminal.FramePainter;
import io.millrace.shell.terminal.ShellTerminal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Both queries on one screen, with keys.
final class DemoScreen {
    private static final long FRAME_NANOS = 80_000_000L;
    private static final String ALTERNATE_SCREEN = "\u001b[?1049h\u001b[H";
    private static final String NORMAL_SCREEN = "\u001b[?1049l";
    private static final int CTRL_C = 3;
    private static final int CTRL_D = 4;

    private final ShellTerminal terminal;
    private final Palette palette;
    private final Borders borders;
    private final List<LiveQuery> queries;
    private final Replay replay;
    private int shown; // 0 is all, else the number of a query
    private volatile boolean interrupted;

    /// What to say when it is over.
    record Summary(int flights, List<Long> rows, List<Long> changes) {
        String text() {
            return String.format(
                    Locale.ROOT,
                    "%,d flights replayed; %,d rows per hour and airport after %,d changes; %,d endangered departures.",
                    flights,
                    rows.getFirst(),
                    changes.getFirst(),
                    rows.getLast());
        }
    }

    DemoScreen(ShellTerminal terminal, Palette palette, Borders borders, List<LiveQuery> queries, Replay replay) {
        this.terminal = terminal;
        this.palette = palette;
        this.borders = borders;
        this.queries = queries;
        this.replay = replay;
    }

    /// Returns when somebody presses q or Ctrl-C.
    Summary run() throws InterruptedException {
        terminal.out().print(ALTERNATE_SCREEN);
        try (ShellTerminal.Registration _ = terminal.onInterrupt(() -> interrupted = true);
                ShellTerminal.Keyboard keyboard = terminal.keyboard();
                FramePainter painter = new FramePainter(terminal.out())) {
            long nextFrame = System.nanoTime();
            while (!interrupted) {
                for (LiveQuery query : queries) {
                    boolean _ = query.update(5);
                }
                Throwable failure = replay.failure();
                if (failure != null) {
                    throw failure instanceof RuntimeException known ? known : new IllegalStateException(failure);
                }
                press(keyboard.read(5));
                long now = System.nanoTime();
                if (now >= nextFrame) {
                    painter.paint(frame(now));
                    nextFrame = now + FRAME_NANOS;
                }
            }
        } finally {
            terminal.out().print(NORMAL_SCREEN);
            terminal.out().flush();
        }
        return new Summary(
                replay.sent(),
                queries.stream().map(query -> query.table().rowCount()).toList(),
                queries.stream().map(query -> query.table().changeCount()).toList());
    }

    private void press(int key) {
        switch (key) {
            case 'q', 'Q', CTRL_C, CTRL_D -> interrupted = true;
            case '\t' -> shown = (shown + 1) % (queries.size() + 1);
            case '0' -> shown = 0;
            case '1' -> shown = 1;
            case '2' -> shown = 2;
            case '+', '=' -> replay.faster();
            case '-' -> replay.slower();
            case ' ' -> replay.togglePause();
            default -> {}
        }
    }

    private List<String> frame(long now) {
        int width = terminal.width() - 1;
        int height = terminal.height() - 1;
        List<String> lines = new ArrayList<>();
        String speed = replay.isFinished()
                ? "done"
                : replay.isPaused()
                        ? "paused"
                        : replay.perSecond() == 0
                                ? "full speed"
                                : String.format(Locale.ROOT, "%,d/s", replay.perSecond());
        lines.add(palette.heading(clip(
                String.format(
                        Locale.ROOT,
                        "Millrace demo · US flights of 2001 · %s · %,d of %,d · %s",
                        replay.clock(),
                        replay.sent(),
                        replay.total(),
                        speed),
                width)));
        int count = shown == 0 ? queries.size() : 1;
        int each = (height - 3) / count;
        for (int number = 1; number <= queries.size(); number++) {
            if (shown == 0 || shown == number) {
                LiveQuery query = queries.get(number - 1);
                LiveTable table = query.table();
                lines.add(""); // one of the lines that this query may take
                lines.addAll(table.frame("[" + number + "] " + query.title(), width, each - 1, palette, borders, now));
            }
        }
        lines.add(palette.hint(clip("Tab 1 2 0 choose · + - speed · space pause · q end", width)));
        return lines.subList(0, Math.min(lines.size(), height));
    }

    private String clip(String text, int width) {
        return DisplayWidth.clip(text, width, borders == Borders.UNICODE ? "…" : "..");
    }
}
