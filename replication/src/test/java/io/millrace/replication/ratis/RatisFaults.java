package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.partition.Consensus;
import java.io.IOException;
import java.util.List;

/// Makes Ratis do what it does on a bad day.
public final class RatisFaults {
    private RatisFaults() {}

    /// A division that closed itself.
    public static void closeDivision(Consensus consensus) {
        ((RatisConsensus) consensus).peer().division().close();
    }

    /// A division that closed itself and is started again by whoever watches it, who knows these members.
    public static void restart(Consensus consensus, List<Member> members) throws IOException {
        closeDivision(consensus);
        consensus.restart(members);
    }

    /// A server that closed itself, after a long pause of the process for example.
    public static void closeServer(Consensus consensus) throws IOException {
        ((RatisConsensus) consensus).peer().server().close();
    }

    /// What Ratis reports when its log cannot be written.
    public static void failLog(Consensus consensus, IOException failure) {
        ((RatisConsensus) consensus).peer().machine().notifyLogFailed(failure, null);
    }
}
