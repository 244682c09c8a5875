package io.millrace.shell.run;

import io.millrace.client.ChangeEvent;
import io.millrace.client.MillraceException;
import io.millrace.shell.print.Borders;
import io.millrace.shell.print.LiveTable;
import io.millrace.shell.print.OutputFormat;
import io.millrace.shell.print.ResultPrinter;
import io.millrace.shell.terminal.FramePainter;
import io.millrace.shell.terminal.ShellTerminal;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/// Shows a query that does not end: a table in place on a screen, changes line by line anywhere else.
final class ContinuousRun {
    private static final long FRAME_NANOS = 100_000_000L;
    private static final int CTRL_C = 3;

    private final Session session;
    private final Borders borders;

    ContinuousRun(Session session, Borders borders) {
        this.session = session;
        this.borders = borders;
    }

    /// Returns when the query ends, fails or is interrupted.
    RunOutcome run(Flow.Publisher<ChangeEvent> changes) {
        ShellTerminal terminal = session.terminal().orElse(null);
        try (ChangeFeed feed = ChangeFeed.of(changes)) {
            return terminal != null && terminal.canRedraw() && session.format() == OutputFormat.TABLE
                    ? draw(feed, terminal)
                    : print(feed);
        } catch (InterruptedException interrupted) {
            return RunOutcome.INTERRUPTED;
        }
    }

    private RunOutcome print(ChangeFeed feed) throws InterruptedException {
        ResultPrinter.@Nullable ChangePrinter printer = null;
        while (true) {
            Optional<ChangeFeed.Signal> signal = feed.poll(1_000);
            if (signal.isEmpty()) {
                if (session.out().checkError()) {
                    return RunOutcome.OK; // whoever read our output has seen enough
                }
                continue;
            }
            switch (signal.get()) {
                case ChangeFeed.Signal.Event(ChangeEvent event) -> {
                    switch (event) {
                        case ChangeEvent.Columns(var columns) ->
                            printer = session.printer().changes(columns);
                        case ChangeEvent.Changes step -> {
                            if (printer == null) {
                                printer = session.printer().changes(List.of());
                            }
                            printer.print(step.changes());
                            if (session.out().checkError()) {
                                return RunOutcome.OK;
                            }
                        }
                        case ChangeEvent.Progress _ -> {}
                    }
                }
                case ChangeFeed.Signal.Ended() -> {
                    return RunOutcome.OK;
                }
                case ChangeFeed.Signal.Failed(Throwable cause) -> {
                    return failed(cause);
                }
            }
        }
    }

    private RunOutcome draw(ChangeFeed feed, ShellTerminal terminal) throws InterruptedException {
        LiveTable table = new LiveTable(System.nanoTime());
        ChangeFeed.Signal end = null;
        boolean interrupted = false;
        try (ShellTerminal.Keyboard keyboard = terminal.keyboard();
                FramePainter painter = new FramePainter(terminal.out())) {
            long nextFrame = System.nanoTime();
            while (end == null && !interrupted) {
                try {
                    end = take(feed, table, nextFrame);
                    int key = keyboard.read(1);
                    interrupted = key == 'q' || key == 'Q' || key == CTRL_C || Thread.interrupted();
                } catch (InterruptedException ctrlC) {
                    interrupted = true;
                }
                long now = System.nanoTime();
                if (now >= nextFrame || end != null || interrupted) {
                    List<String> frame = table.frame(
                            "", terminal.width() - 1, terminal.height() - 1, session.palette(), borders, now);
                    painter.paint(frame);
                    nextFrame = now + FRAME_NANOS;
                }
            }
        }
        return switch (end) {
            case null -> RunOutcome.INTERRUPTED;
            case ChangeFeed.Signal.Failed(Throwable cause) -> failed(cause);
            case ChangeFeed.Signal.Ended _, ChangeFeed.Signal.Event _ -> RunOutcome.OK;
        };
    }

    /// Applies what comes until the next frame is due; returns the end if that is what came.
    private static ChangeFeed.@Nullable Signal take(ChangeFeed feed, LiveTable table, long nextFrame)
            throws InterruptedException {
        while (true) {
            long leftMs = Math.max(0, (nextFrame - System.nanoTime()) / 1_000_000);
            Optional<ChangeFeed.Signal> signal = feed.poll(Math.min(leftMs, 50));
            if (signal.isEmpty()) {
                return null;
            }
            switch (signal.get()) {
                case ChangeFeed.Signal.Event(ChangeEvent event) -> table.apply(event, System.nanoTime());
                case ChangeFeed.Signal.Ended ended -> {
                    return ended;
                }
                case ChangeFeed.Signal.Failed failed -> {
                    return failed;
                }
            }
            if (leftMs == 0) {
                return null;
            }
        }
    }

    private RunOutcome failed(Throwable cause) {
        MillraceException failure = cause instanceof MillraceException known
                ? known
                : new MillraceException(MillraceException.UNEXPECTED_ANSWER, String.valueOf(cause), cause);
        session.printError(failure, session.lastStatement());
        return RunOutcome.of(failure);
    }
}
