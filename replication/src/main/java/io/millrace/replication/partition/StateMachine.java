package io.millrace.replication.partition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

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

    /// The consensus log cannot be written any more.
    void logFailed(String what, Throwable cause);
}
