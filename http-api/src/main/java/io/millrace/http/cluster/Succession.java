package io.millrace.http.cluster;

import io.millrace.replication.Cluster;
import io.millrace.replication.ClusterView;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Waits until the node that got the lead takes writes.
///
/// When a leader has handed over, its successor has won an election and no more: it takes writes once an entry
/// of its own term is on a majority. Until then it answers no barrier either, so a barrier that is answered
/// shows both, that the successor is known here and that it takes writes.
///
/// Threading: none of its own; nothing waits.
final class Succession {
    private static final long PAUSE_MS = 50;

    private final Cluster cluster;
    private final int group;
    private final @Nullable String successor;
    private final long deadlineNanos;
    private final CompletableFuture<Optional<ClusterView.Group>> result = new CompletableFuture<>();
    private final Executor later = CompletableFuture.delayedExecutor(PAUSE_MS, TimeUnit.MILLISECONDS);

    private Succession(Cluster cluster, int group, @Nullable String successor, long withinMs) {
        this.cluster = cluster;
        this.group = group;
        this.successor = successor;
        this.deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(withinMs);
    }

    /// @param successor who shall lead; null for whoever does
    /// @return the group as it is once the successor takes writes; empty when that was not seen in time
    static CompletableFuture<Optional<ClusterView.Group>> await(
            Cluster cluster, int group, @Nullable String successor, long withinMs) {
        Succession succession = new Succession(cluster, group, successor, withinMs);
        succession.result.completeOnTimeout(Optional.empty(), withinMs, TimeUnit.MILLISECONDS);
        succession.look();
        return succession.result;
    }

    /// What this node knows of the group.
    static Optional<ClusterView.Group> seen(Cluster cluster, int group) {
        return cluster.view().groups().stream()
                .filter(known -> known.group() == group)
                .findFirst();
    }

    private void look() {
        cluster.barrier(group).whenComplete((done, failure) -> {
            Optional<ClusterView.Group> seen = failure == null ? seen(cluster, group) : Optional.empty();
            if (seen.filter(this::isLed).isPresent()) {
                result.complete(seen);
            } else if (!result.isDone() && System.nanoTime() < deadlineNanos) {
                later.execute(this::look);
            }
        });
    }

    private boolean isLed(ClusterView.Group seen) {
        return seen.leader() != null && (successor == null || Objects.equals(seen.leader(), successor));
    }
}
