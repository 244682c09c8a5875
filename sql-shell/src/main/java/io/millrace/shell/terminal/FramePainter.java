package io.millrace.shell.terminal;

import java.io.PrintWriter;
import java.util.List;

/// Draws pictures over each other at the place where the first one was drawn; the last one stays.
///
/// Lines must fit the width. Writes a picture as one piece inside a synchronized update, so that terminals
/// which know them never show half of one.
public final class FramePainter implements AutoCloseable {
    private static final String BEGIN = "\u001b[?2026h\u001b[?25l\u001b[?7l";
    private static final String END = "\u001b[?7h\u001b[?2026l";

    private final PrintWriter out;
    private int drawn;

    public FramePainter(PrintWriter out) {
        this.out = out;
    }

    public void paint(List<String> lines) {
        StringBuilder frame = new StringBuilder(BEGIN).append('\r');
        if (drawn > 0) {
            frame.append("\u001b[").append(drawn).append('A');
        }
        for (String line : lines) {
            frame.append(line).append("\u001b[K\r\n");
        }
        frame.append("\u001b[J").append(END);
        drawn = lines.size();
        out.print(frame);
        out.flush();
    }

    /// Makes the cursor visible again, below the last picture.
    @Override
    public void close() {
        out.print("\u001b[?25h");
        out.flush();
    }
}
