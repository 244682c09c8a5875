package io.millrace.replication.partition;

import io.millrace.replication.NotHeardException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Whether a group has been heard of since this node opened it: a barrier of it has succeeded once. Before
/// that the node shows what it had on its disk, or, of a group on other nodes, nothing or what a node says
/// that has just started itself; afterwards at least everything that had been acknowledged when it was opened.
///
/// A barrier is asked for when somebody waits, never again after it has succeeded, and once for all who wait.
///
/// Threading: any.
final class Hearing {
    /// An election takes a second or two, and a node that starts with others hears of them in that time.
    private static final long WITHIN_MS = 4_000;

    private static final long PAUSE_MS = 100;

    private final int number;
    private final Supplier<CompletableFuture<Void>> barrier;
    private final long withinMs;
    private volatile boolean heard;
    private @Nullable CompletableFuture<Void> waiting; // guarded by this

    Hearing(int number, Supplier<CompletableFuture<Void>> barrier) {
        this(number, barrier, WITHIN_MS);
    }

    Hearing(int number, Supplier<CompletableFuture<Void>> barrier, long withinMs) {
        this.number = number;
        this.barrier = barrier;
        this.withinMs = withinMs;
    }

    /// Completes when the group has been heard of, exceptionally with [NotHeardException] when that takes longer
    /// than [#WITHIN_MS].
    CompletableFuture<Void> heard() {
        if (heard) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<Void> all;
        synchronized (this) {
            CompletableFuture<Void> before = waiting;
            if (before != null && !before.isDone()) {
                return told(before);
            }
            all = new CompletableFuture<Void>().orTimeout(withinMs, TimeUnit.MILLISECONDS);
            waiting = all;
        }
        ask(all);
        return told(all);
    }

    private void ask(CompletableFuture<Void> all) {
        barrier.get().whenComplete((done, failure) -> {
            if (failure == null) {
                heard = true;
                all.complete(null);
            } else if (!all.isDone()) {
                CompletableFuture.delayedExecutor(PAUSE_MS, TimeUnit.MILLISECONDS)
                        .execute(() -> {
                            if (!all.isDone()) {
                                ask(all);
                            }
                        });
            }
        });
    }

    /// A copy, because whoever waits may complete what he got.
    private CompletableFuture<Void> told(CompletableFuture<Void> all) {
        return all.exceptionallyCompose(late -> CompletableFuture.failedFuture(new NotHeardException(
                "group %d has not been heard of since this node started: no majority of the nodes that hold it has answered"
                        .formatted(number),
                late instanceof CompletionException && late.getCause() != null ? late.getCause() : late)));
    }
}
