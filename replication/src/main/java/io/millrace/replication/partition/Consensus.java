package io.millrace.replication.partition;

import io.millrace.replication.Member;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What this package needs of a consensus library: one ordered, durable log shared by the peers of a group.
public interface Consensus extends AutoCloseable {
    /// Whether this node leads and has applied everything that was committed before it did.
    boolean leads();

    /// Whether this node leads, and refuses what it is given, for no reason that will pass.
    default boolean refuses() {
        return false;
    }

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

    /// What has stopped for good though the state machine is fine; null while it runs.
    default @Nullable String stopped() {
        return null;
    }

    /// Stops until [#restart], before something worse does it. Waits for it.
    ///
    /// @throws IOException it could not be stopped
    default void halt() throws IOException {}

    /// Starts again what has [#stopped]. Waits for it.
    ///
    /// @param members as far as they are known
    /// @throws IOException it did not help; to be tried again later
    default void restart(List<Member> members) throws IOException {}

    /// Forgets the log, the vote and the state of a group that this node is no member of any more; it waits to
    /// be added then, as a new node does. Waits for it.
    ///
    /// @param lastLook asked when nothing of the group runs here any more; false leaves everything as it is
    /// @throws IOException the disk failed; to be tried again
    default void reset(LastLook lastLook) throws IOException {
        throw new IOException("this log cannot be reset");
    }

    /// Whether a group may really go.
    interface LastLook {
        boolean mayGo() throws IOException;
    }

    @Override
    void close();

    /// @param problems what is wrong with the consensus itself
    record Status(String role, long term, long committedIndex, long appliedIndex, List<String> problems) {
        public Status {
            problems = List.copyOf(problems);
        }
    }
}
