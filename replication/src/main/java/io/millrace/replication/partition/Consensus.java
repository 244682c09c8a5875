package io.millrace.replication.partition;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// What this package needs of a consensus library: one ordered, durable log shared by the peers of a group.
public interface Consensus extends AutoCloseable {
    /// Whether this node leads and has applied everything that was committed before it did.
    boolean leads();

    /// Id of the leader.
    Optional<String> leader();

    /// Proposes an entry. Returns soon; [PendingEntry#applied] or [PendingEntry#failed] is called exactly once.
    void submit(PendingEntry entry);

    /// Takes a snapshot on the applying thread and drops the log in front of it.
    ///
    /// @return completes with the index that is durable
    CompletableFuture<Long> snapshot();

    /// Completes when every replica holds the entry at `index` durably, exceptionally when that takes too long.
    CompletableFuture<Void> replicatedEverywhere(long index);

    /// Number of peers, this one included.
    int peers();

    default GroupPeers group() {
        return GroupPeers.ALONE;
    }

    Status status();

    @Override
    void close();

    /// @param problems what is wrong with the consensus itself
    record Status(String role, long term, long committedIndex, long appliedIndex, List<String> problems) {
        public Status {
            problems = List.copyOf(problems);
        }
    }
}
