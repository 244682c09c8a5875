/// From waiting requests to applied entries: the batcher in front of consensus and the state machine behind it.
///
/// Enter at [GroupLog], which is the [io.millrace.replication.ReplicatedLog] of a node. [Batcher] joins what
/// waits into entries laid out by [EntryLayout]; a [Consensus] orders them; [GroupState] applies them to
/// partition logs. Nothing here knows which library keeps the consensus.
@NullMarked
package io.millrace.replication.partition;

import org.jspecify.annotations.NullMarked;
