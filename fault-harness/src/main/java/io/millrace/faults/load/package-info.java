/// Clients under fire: producers, consumers, commits and linearizable reads that write down what they were
/// told.
///
/// Enter at [io.millrace.faults.load.Workload]. Clients speak HTTP through a
/// [io.millrace.faults.load.Transport], so that something that lies can stand between them and the nodes:
/// [io.millrace.faults.load.Lie].
@NullMarked
package io.millrace.faults.load;

import org.jspecify.annotations.NullMarked;
