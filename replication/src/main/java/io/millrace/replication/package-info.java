/// The replicated log: topics, partitions and everything whose order all nodes must agree on.
///
/// Enter at [ReplicatedLog]. Records go through a few Raft groups into the partition logs of `io.millrace.log`;
/// offsets, duplicates, expected offsets, group commits and fences are decided when an entry is applied, in log
/// order, without clock or randomness. Nothing here knows of SQL or HTTP; Ratis stays behind `.ratis`.
@NullMarked
package io.millrace.replication;

import org.jspecify.annotations.NullMarked;
