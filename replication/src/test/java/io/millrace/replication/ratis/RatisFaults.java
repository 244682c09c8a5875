package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.partition.Consensus;
import java.io.IOException;
import java.util.List;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftPeerId;

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
    /// What a leader sends to the one that it wants to hand over to.
    ///
    /// @return whether that one does so
    public static boolean asksToStand(Consensus consensus, String peerId) throws IOException {
        RunningPeer leader = ((RatisConsensus) consensus).peer();
        return leader.server()
                .getServerRpc()
                .startLeaderElection(StartLeaderElectionRequestProto.newBuilder()
                        .setServerRequest(RaftRpcRequestProto.newBuilder()
                                .setRequestorId(leader.server().getId().toByteString())
                                .setReplyId(RaftPeerId.valueOf(peerId).toByteString())
                                .setRaftGroupId(RaftGroupIdProto.newBuilder()
                                        .setId(leader.groupId().toByteString())))
                        .build())
                .getServerReply()
                .getSuccess();
    }
}
