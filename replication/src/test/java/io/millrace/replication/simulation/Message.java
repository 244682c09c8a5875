package io.millrace.replication.simulation;

import java.util.List;

/// What peers say to each other; may be late, lost, or come twice.
sealed interface Message {
    int from();

    int to();

    long term();

    /// @param previousIndex of the entry before the first of `entries`
    /// @param committed what the leader knows to be committed
    record Append(
            int from,
            int to,
            long term,
            long previousIndex,
            long previousTerm,
            List<RaftLog.Entry> entries,
            long committed)
            implements Message {}

    /// @param matches false when the previous entry was not there
    /// @param index up to where the log is durably the leader's; otherwise where to try next
    record Ack(int from, int to, long term, boolean matches, long index) implements Message {}
}
