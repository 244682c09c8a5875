package io.millrace.replication.partition;

import java.util.List;

/// Ends of threads.
final class Threads {
    private Threads() {}

    /// Waits until they have ended, the caller's own thread left out. Who is interrupted meanwhile goes on
    /// waiting, and finds that out afterwards.
    static void awaitEnd(List<Thread> threads) {
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive() && thread != Thread.currentThread()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    static void awaitEnd(Thread thread) {
        awaitEnd(List.of(thread));
    }
}
