/// What is broken and with what: real nodes, networks of their own, disks that lose power.
///
/// Enter at [io.millrace.faults.stage.Stage]. Nothing here touches the machine outside: networks and mounts
/// belong to a [io.millrace.faults.stage.Sandbox], which takes everything with it when it ends, however it
/// ends.
@NullMarked
package io.millrace.faults.stage;

import org.jspecify.annotations.NullMarked;
