package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.records;

import io.millrace.replication.AppendRequest.Acknowledgement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/// How long writes are refused after the leader was killed: `java … FailoverTime ROUNDS`.
final class FailoverTime {
    private FailoverTime() {}

    public static void main(String[] arguments) throws Exception {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 10;
        Path folder = Files.createTempDirectory("failover");
        long[] times = new long[rounds];
        try (NodeCluster cluster = NodeCluster.of(folder, 3)) {
            cluster.createTopic("t");
            for (int round = 0; round < rounds; round++) {
                cluster.append("before " + round);
                String killed = cluster.leader();
                long began = System.nanoTime();
                cluster.kill(killed);
                long dead = System.nanoTime();
                while (!tryAppend(cluster, "after " + round)) {
                    Thread.onSpinWait();
                }
                times[round] = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
                long open = System.nanoTime();
                cluster.reopen(killed);
                ReplicatedLog node = cluster.node(killed);
                Nodes.await("it is back", () -> node.health().ready());
                System.out.printf(
                        "round %d: %d ms, of these %d for the kill; reopened in %d ms%n",
                        round,
                        times[round],
                        TimeUnit.NANOSECONDS.toMillis(dead - began),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - open));
            }
        }
        Arrays.sort(times);
        System.out.printf("median %d ms, worst %d ms%n", times[rounds / 2], times[rounds - 1]);
    }

    private static boolean tryAppend(NodeCluster cluster, String value) throws Exception {
        for (ReplicatedLog node : cluster.nodes().values()) {
            try {
                AppendOutcome outcome = get(node.append(
                        new AppendRequest("t", 0, records(value), Acknowledgement.QUORUM, value, 1, -1, null)));
                if (outcome instanceof AppendOutcome.Appended || outcome instanceof AppendOutcome.Duplicate) {
                    return true;
                }
            } catch (ExecutionException undecided) {
                continue;
            }
        }
        return false;
    }
}
