package io.millrace.shell.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// How far a process has got with its end.
///
/// The JDK calls a process alive until its parent has taken note of its end, which takes as long as the parent
/// likes; and one that was killed may need a second to give back its memory. Linux tells these apart in
/// `/proc/PID/stat`. Elsewhere there is what the JDK says.
enum ProcessLife {
    RUNNING,
    /// It will do nothing more, but may still hold files and ports.
    ENDING,
    /// It holds nothing any more, though it may still have a number.
    ENDED;

    private static final Path PROCESSES = Path.of("/proc");
    /// `PF_EXITING` of the kernel's `sched.h`.
    private static final long EXITING = 0x4;
    /// Places in `stat` behind the name, which is in brackets and may hold anything.
    private static final int STATE = 0;

    private static final int FLAGS = 6;
    private static final int THREADS = 17;

    static ProcessLife of(ProcessHandle process) {
        if (!process.isAlive()) {
            return ENDED;
        }
        try {
            return of(Files.readString(folder(process).resolve("stat"), StandardCharsets.ISO_8859_1));
        } catch (IOException unknown) {
            return process.isAlive() ? RUNNING : ENDED;
        }
    }

    /// What a line of `/proc/PID/stat` says.
    static ProcessLife of(String stat) {
        String[] words = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
        if (words.length <= THREADS) {
            return RUNNING;
        }
        boolean over = "ZXx".contains(words[STATE]);
        if (over && Long.parseLong(words[THREADS]) <= 1) {
            return ENDED;
        }
        return over || (Long.parseLong(words[FLAGS]) & EXITING) != 0 ? ENDING : RUNNING;
    }

    /// The words that it was started with; empty when the system does not tell, or not any more.
    static List<String> commandLine(ProcessHandle process) {
        try {
            // the JDK tells no more than the first 4 kB, and a class path is longer
            String words = Files.readString(folder(process).resolve("cmdline"), StandardCharsets.ISO_8859_1);
            return words.isEmpty() ? List.of() : List.of(words.split("\0", -1));
        } catch (IOException unknown) {
            return process.info().arguments().map(List::of).orElse(List.of());
        }
    }

    private static Path folder(ProcessHandle process) {
        return PROCESSES.resolve(Long.toString(process.pid()));
    }
}
