package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.partition.Consensus;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.impl.TransferLeadership;

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

    /// A file that cannot be written any more: the log that is open now has failed with its next entry.
    public static void breakLogFile(Consensus consensus) throws ReflectiveOperationException, IOException {
        Object part = ((RatisConsensus) consensus).peer().division().getRaftLog();
        for (String name : new String[] {"fileLogWorker", "out", "out", "fileChannel"}) {
            Field field = part.getClass().getDeclaredField(name);
            field.setAccessible(true);
            part = Objects.requireNonNull(field.get(part), name);
        }
        ((FileChannel) part).close();
    }

    /// Index up to which a log is on disk.
    public static long flushIndex(Consensus consensus) {
        return ((RatisConsensus) consensus).peer().division().getRaftLog().getFlushIndex();
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

    /// A leader that began to hand over and has forgotten to end that; in 3.3.0 that has happened by itself.
    /// See [RatisTransport].
    public static void forgetHandOver(Consensus consensus, String peerId) throws ReflectiveOperationException {
        RunningPeer leader = ((RatisConsensus) consensus).peer();
        Method handOver = leader.division().getClass().getDeclaredMethod("getTransferLeadership");
        handOver.setAccessible(true);
        Object transfer = handOver.invoke(leader.division());
        Class<?> kind = Class.forName(TransferLeadership.class.getName() + "$PendingRequest");
        Constructor<?> pending = kind.getDeclaredConstructor(TransferLeadership.class, TransferLeadershipRequest.class);
        pending.setAccessible(true);
        Field slot = TransferLeadership.class.getDeclaredField("pending");
        slot.setAccessible(true);
        AtomicReference.class
                .getMethod("set", Object.class)
                .invoke(
                        slot.get(transfer),
                        pending.newInstance(
                                transfer,
                                new TransferLeadershipRequest(
                                        leader.clientId(),
                                        leader.server().getId(),
                                        leader.groupId(),
                                        0,
                                        RaftPeerId.valueOf(peerId),
                                        0)));
    }
}
