package io.millrace.faults.stage;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The wall clock of one process, which can be moved while the process runs. Its monotonic clock stays, and so
/// does whatever waits by it: nothing happens that setting the clock of a real machine would not do.
///
/// libfaketime is not used: as of 0.9.10 it makes timed waits on conditions with a monotonic clock return at
/// once, also when told to leave that clock alone, and the JVM has no others. A node then spins in every thread
/// that sleeps, and several nodes starve each other.
///
/// @param library to preload
/// @param file with the seconds by which the clock is ahead
record WallClock(Path library, Path file) {
    private static final String SOURCE = "wall-clock.c";

    /// Makes the clock of a process named `name`; it shows the real time.
    ///
    /// @param folder for the library, which is built there when it is not there yet, and for the clock's file
    /// @throws IOException there is no compiler, or it fails
    static WallClock make(Path folder, String name) throws IOException, InterruptedException {
        Path library = folder.resolve("wall-clock.so");
        if (!Files.exists(library)) {
            build(library);
        }
        WallClock clock = new WallClock(library, folder.resolve(name + ".clock"));
        clock.set(0);
        return clock;
    }

    /// @throws IOException there is no compiler, or it fails
    static void build(Path library) throws IOException, InterruptedException {
        if (!Shell.has("cc")) {
            throw new IOException("needs a C compiler, cc (package gcc and libc6-dev)");
        }
        Path source = Files.createTempFile(library.getParent(), "wall-clock", ".c");
        try {
            try (InputStream resource = WallClock.class.getResourceAsStream(SOURCE)) {
                if (resource == null) {
                    throw new IOException(SOURCE + " is missing beside " + WallClock.class.getName());
                }
                Files.write(source, resource.readAllBytes());
            }
            Shell.must("cc", "-shared", "-fPIC", "-O2", "-o", library.toString(), source.toString(), "-ldl");
        } finally {
            Files.deleteIfExists(source);
        }
    }

    /// What the process must have in its environment.
    Map<String, String> environment() {
        return Map.of("LD_PRELOAD", library.toString(), "WALL_CLOCK_OFFSET_FILE", file.toString());
    }

    /// From now on the clock is ahead of the real one by so many seconds; negative for behind.
    void set(long aheadSeconds) throws IOException {
        byte[] bytes = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.nativeOrder())
                .putLong(aheadSeconds)
                .array();
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.write(bytes); // in place: the process has it mapped
        }
    }
}
