/// A cluster on one thread: real logs, batchers, state machines and segment files on simulated disks, behind a
/// consensus that keeps the promises of the real one and nothing more.
///
/// Enter at `Simulation`: one seed is one schedule of requests and faults. `SimulationTest` runs some hundreds,
/// `SimulationCampaignTest` as many as it is told; `PlantedBugsTest` shows that what should be found is found.
@NullMarked
package io.millrace.replication.simulation;

import org.jspecify.annotations.NullMarked;
