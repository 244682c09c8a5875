package io.millrace.replication.partition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// What a [Consensus] drives: committed entries in, decisions out. All calls come from one thread, in log
/// order, but for [#logFailed].
public interface StateMachine {
    /// Index of the last entry that is durable in the manifest, −1 for none.
    long durableIndex();

    long durableTerm();

    /// Decides the commands of a committed entry.
    ///
    /// @throws IOException the disk failed; nothing may be applied after it
    List<CommandOutcome> apply(long index, long term, ByteBuffer entry) throws IOException;

    /// Another kind of entry went by.
    void skip(long index, long term);

    /// Makes all that was applied durable.
    ///
    /// @return the index of the last entry that is contained
    long takeSnapshot() throws IOException;

    /// A place in the log.
    record LogPoint(long term, long index) {}

    /// The leader's log begins behind what this replica needs next. Makes a copy of a peer's replica ready, on
    /// another thread; a second call joins the work that goes on. From its completion on the copy is durable,
    /// and the consensus log before it may go.
    ///
    /// @param leader who says so
    /// @param firstIndex of the leader's log
    /// @return where this replica will be after [#adoptCopy]; empty when the leader's log holds all that is
    ///     missing; exceptionally when it failed, to be asked again
    default CompletableFuture<Optional<LogPoint>> fetchCopy(GroupPeers.Peer leader, long firstIndex) {
        return CompletableFuture.failedFuture(new IOException("this replica cannot be rebuilt from a copy"));
    }

    /// The copy that is ready becomes the state, on the thread that applies. Without one that is newer than the
    /// state, the state is made durable instead. [#durableIndex] is the last applied entry afterwards.
    default void adoptCopy() throws IOException {
        takeSnapshot();
    }

    /// Deletes everything, durably, while nothing is applied: the state is that of a new node afterwards.
    default void reset() throws IOException {
        throw new IOException("this state cannot be reset");
    }

    /// Another node leads, or nobody.
    default void leaderChanged() {}

    /// Whether what was applied can be trusted; false for good after an entry failed half-way.
    default boolean isSound() {
        return true;
    }

    /// The consensus log cannot be written any more.
    void logFailed(String what, Throwable cause);
}
