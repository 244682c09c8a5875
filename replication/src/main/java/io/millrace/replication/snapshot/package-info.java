/// States on disk: what a node knew, and where its partition logs ended, when everything was last made durable;
/// and how such a state travels to a replica that is too far behind.
///
/// Enter at [Manifest]. Restart = cut the partition logs to the manifest, replay the Raft log behind it. A peer
/// gives a copy away ([ServedCopies]), a replica fetches it ([CopyDownload]), and [StateFolders] says which
/// state is in force.
@NullMarked
package io.millrace.replication.snapshot;

import org.jspecify.annotations.NullMarked;
