/// The only door to the file system.
///
/// Enter at [Disk]. `LocalDisk` is the real one; tests use a simulated twin that tears writes, drops unsynced
/// pages, flips bits, fills up and fails fsync.
@NullMarked
package io.millrace.log.disk;

import org.jspecify.annotations.NullMarked;
