/// The manifest: what a node knew, and where its partition logs ended, when everything was last made durable.
///
/// Enter at [Manifest]. Restart = cut the partition logs to the manifest, replay the Raft log behind it.
@NullMarked
package io.millrace.replication.snapshot;

import org.jspecify.annotations.NullMarked;
