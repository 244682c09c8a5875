/// A cluster of node processes on this machine.
///
/// Enter at [LocalCluster].
@NullMarked
package io.millrace.shell.cluster;

import org.jspecify.annotations.NullMarked;
