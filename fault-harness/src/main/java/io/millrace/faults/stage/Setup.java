package io.millrace.faults.stage;

/// How the nodes of a run are set up, beyond how many they are.
///
/// @param groups Raft groups, each with a leader of its own
/// @param replicationFactor nodes that hold each group with records; 0 for all of them
/// @param tls whether nodes and clients encrypt everything, with certificates made for the run
public record Setup(int groups, int replicationFactor, boolean tls) {
    public static final Setup PLAIN = new Setup(1, 0, false);

    public Setup {
        if (groups < 1) {
            throw new IllegalArgumentException("there is no cluster of " + groups + " groups");
        }
        if (replicationFactor < 0 || (replicationFactor > 0 && groups < 2)) {
            throw new IllegalArgumentException(
                    "there are no " + replicationFactor + " replicas of each of " + groups + " groups");
        }
    }

    /// Whether groups lie on some of the nodes only.
    public boolean isPlaced() {
        return replicationFactor > 0;
    }

    /// What is not plain about it, for headlines: empty, or such as `, 4 groups, 3 replicas, TLS`.
    public String remark() {
        return (groups == 1 ? "" : ", " + groups + " groups")
                + (isPlaced() ? ", " + replicationFactor + " replicas" : "")
                + (tls ? ", TLS" : "");
    }
}
