package io.millrace.faults.history;

import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// The history of one run, on disk.
///
/// Threading: any thread may [#add]; the order in the file is the order of the calls. [#read] follows [#close].
public final class History implements Closeable {
    private final Path file;
    private final BufferedWriter out;
    private final long beginNs = System.nanoTime();
    private boolean closed; // guarded by this

    /// Begins a history; a file that is there is replaced.
    public History(Path file) throws IOException {
        this.file = file;
        this.out = Files.newBufferedWriter(file);
    }

    /// Nanoseconds since the history began.
    public long nowNs() {
        return System.nanoTime() - beginNs;
    }

    public Path file() {
        return file;
    }

    /// Adds an event. What comes after the end is not part of the run.
    public synchronized void add(Event event) {
        if (closed) {
            return;
        }
        try {
            out.write(EventText.write(event));
            out.write('\n');
        } catch (IOException failed) {
            throw new UncheckedIOException("the history " + file + " cannot be written", failed);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            out.close();
        }
    }

    /// The events of a history that has been closed. Close the stream.
    public static Stream<Event> read(Path file) throws IOException {
        return Files.lines(file).map(EventText::read);
    }
}
