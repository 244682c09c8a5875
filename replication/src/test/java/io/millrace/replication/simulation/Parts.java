package io.millrace.replication.simulation;

import io.millrace.log.disk.Disk;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.StateMachine;
import java.util.SplittableRandom;

/// What a node is made of. Planted bugs replace a part by a bad one.
interface Parts {
    Parts GOOD = new Parts() {};

    default Disk disk(Disk disk) {
        return disk;
    }

    default StateMachine stateMachine(StateMachine machine, Disk disk, ReplicationSettings settings) {
        return machine;
    }

    default SimulatedConsensus consensus(
            SimulatedGroup group, int self, RaftLog log, StateMachine machine, SplittableRandom random) {
        return new SimulatedConsensus(group, self, log, machine, random);
    }

    /// Whether one whose disk was lost is taken for the voter that it was.
    default boolean aWipedNodeVotes() {
        return false;
    }
}
