package io.millrace.faults.stage;

/// How the nodes of a run are set up, beyond how many they are.
///
/// @param groups Raft groups, each with a leader of its own
/// @param tls whether nodes and clients encrypt everything, with certificates made for the run
public record Setup(int groups, boolean tls) {
    public static final Setup PLAIN = new Setup(1, false);

    public Setup {
        if (groups < 1) {
            throw new IllegalArgumentException("there is no cluster of " + groups + " groups");
        }
    }

    /// What is not plain about it, for headlines: empty, or such as `, 4 groups, TLS`.
    public String remark() {
        return (groups == 1 ? "" : ", " + groups + " groups") + (tls ? ", TLS" : "");
    }
}
