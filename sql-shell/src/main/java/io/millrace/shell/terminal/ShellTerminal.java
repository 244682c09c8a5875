package io.millrace.shell.terminal;

import java.io.PrintWriter;

/// A keyboard and a screen.
///
/// Threading: one thread, except that the action of [#onInterrupt] runs on a thread of the terminal.
public interface ShellTerminal extends AutoCloseable {

    /// Carriage returns are added where the terminal needs them.
    PrintWriter out();

    /// Columns; at least 20, whatever the terminal says.
    int width();

    /// Lines; at least 5, whatever the terminal says.
    int height();

    /// Whether the cursor can be moved, so that pictures can be drawn over each other.
    boolean canRedraw();

    /// Reads until the text is complete, with editing, history and completion.
    Input read(String prompt, Assistance assistance);

    /// Calls `action` on Ctrl-C until the registration is closed. Without a registration Ctrl-C does nothing
    /// but interrupt [#read].
    Registration onInterrupt(Runnable action);

    /// Keys one by one, without Enter, until the keyboard is closed. Ctrl-C stays an interrupt.
    Keyboard keyboard();

    @Override
    void close();

    /// Something to take back.
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    /// See [#keyboard].
    interface Keyboard extends AutoCloseable {
        int NONE = -1;

        /// The next key's character, or [#NONE] when none comes in time or there is no keyboard.
        int read(long timeoutMs);

        @Override
        void close();
    }
}
