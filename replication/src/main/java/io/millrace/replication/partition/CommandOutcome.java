package io.millrace.replication.partition;

import io.millrace.replication.AppendOutcome;
import io.millrace.replication.CommitOutcome;
import io.millrace.replication.DocumentOutcome;
import io.millrace.replication.FenceOutcome;
import io.millrace.replication.TopicOutcome;

/// What applying one command came to; the same on every node.
public sealed interface CommandOutcome {
    /// The batch is in the log; it may hold the records of several requests.
    record Appended(long firstOffset, int count) implements CommandOutcome {}

    record AppendRejected(AppendOutcome outcome) implements CommandOutcome {}

    record TopicDecided(TopicOutcome outcome) implements CommandOutcome {}

    record CommitDecided(CommitOutcome outcome) implements CommandOutcome {}

    record DocumentDecided(DocumentOutcome outcome) implements CommandOutcome {}

    record FenceDecided(FenceOutcome outcome) implements CommandOutcome {}
}
