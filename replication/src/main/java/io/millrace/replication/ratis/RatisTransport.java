package io.millrace.replication.ratis;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Collection;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.grpc.server.GrpcServicesImpl;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ratis' gRPC with two differences.
///
/// **A follower whose log ends right before the leader's begins.** The leader has forgotten the entry before its
/// first and cannot name its term, so it tells the follower to install what ends there; the follower has just
/// that, says so, and is told again, for ever
/// ([RATIS-2500](https://issues.apache.org/jira/browse/RATIS-2500), in 3.3.0). Logs are cut at whole segments
/// and a segment ends with its term, so this is where a node stands that was down when others were elected,
/// however many entries the leader keeps. Here it is told that the leader begins one entry later, and gets a
/// copy.
///
/// **A successor that has just died.** While the lead is on its way a leader refuses writes, until somebody is
/// elected or time is over. When asking the successor to stand has failed before the one who asks looks back,
/// Ratis 3.3.0 answers the caller, starts no clock, and goes on refusing (`TransferLeadership.start`): a leader
/// that everybody follows, which says that it is ready, and that takes no write for as long as it leads. Whether
/// it happens is a race of two threads, lost now and then on a busy machine. Here such a request is answered
/// with "no" and does not fail, and that ends by the clock.
///
/// Ratis makes it by its name, hence public.
public final class RatisTransport implements RpcType {
    private static final Logger LOG = LoggerFactory.getLogger(RatisTransport.class);

    @Override
    public String name() {
        return RatisTransport.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(parameters);
    }

    private static final class Factory extends GrpcFactory {
        Factory(Parameters parameters) {
            super(parameters);
        }

        @Override
        public GrpcServices newRaftServerRpc(RaftServer server) {
            return new Services(super.newRaftServerRpc(server));
        }

        @Override
        public LogAppender newLogAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            return new Appender(server, leader, follower);
        }
    }

    private static final class Appender extends GrpcLogAppender {
        Appender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            super(server, leader, follower);
        }

        /// Ratis' own, of which it needs more than its interface says.
        @Override
        public GrpcServicesImpl getServerRpc() {
            return (GrpcServicesImpl) ((Services) getServer().getRaftServer().getServerRpc()).services;
        }

        @Override
        public @Nullable TermIndex shouldNotifyToInstallSnapshot() {
            TermIndex first = super.shouldNotifyToInstallSnapshot();
            if (first == null
                    || first.getIndex() == 0
                    || first.getIndex() != getFollower().getNextIndex()
                    || getPrevious(first.getIndex()) != null) {
                return first;
            }
            return TermIndex.valueOf(first.getTerm(), first.getIndex() + 1);
        }
    }

    private static final class Services implements GrpcServices {
        private final GrpcServices services;

        Services(GrpcServices services) {
            this.services = services;
        }

        @Override
        public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request) {
            try {
                return services.startLeaderElection(request);
            } catch (IOException | RuntimeException e) {
                RaftRpcRequestProto asked = request.getServerRequest();
                LOG.atInfo()
                        .addKeyValue("successor", asked.getReplyId().toStringUtf8())
                        .addKeyValue("reason", e)
                        .log("the successor could not be asked to stand for election");
                return StartLeaderElectionReplyProto.newBuilder()
                        .setServerReply(RaftRpcReplyProto.newBuilder()
                                .setRequestorId(asked.getRequestorId())
                                .setReplyId(asked.getReplyId())
                                .setRaftGroupId(asked.getRaftGroupId())
                                .setSuccess(false))
                        .build();
            }
        }

        // ---- the rest as it is

        @Override
        public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
            return services.requestVote(request);
        }

        @Override
        public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request) throws IOException {
            return services.appendEntries(request);
        }

        @Override
        public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request) throws IOException {
            return services.installSnapshot(request);
        }

        @Override
        public RaftServerAsynchronousProtocol async() {
            return services.async();
        }

        @Override
        public void handleException(RaftPeerId peer, Exception failure, boolean reconnect) {
            services.handleException(peer, failure, reconnect);
        }

        @Override
        public void notifyNotLeader(RaftGroupId group) {
            services.notifyNotLeader(group);
        }

        @Override
        public void addRaftPeers(Collection<RaftPeer> peers) {
            services.addRaftPeers(peers);
        }

        @Override
        public RpcType getRpcType() {
            return services.getRpcType();
        }

        @Override
        public InetSocketAddress getInetSocketAddress() {
            return services.getInetSocketAddress();
        }

        @Override
        public InetSocketAddress getClientServerAddress() {
            return services.getClientServerAddress();
        }

        @Override
        public InetSocketAddress getAdminServerAddress() {
            return services.getAdminServerAddress();
        }

        @Override
        public void start() throws IOException {
            services.start();
        }

        @Override
        public void close() throws IOException {
            services.close();
        }
    }
}
