package io.millrace.replication.ratis;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/// Ratis' gRPC with one difference, for a follower whose log ends right before the leader's begins.
///
/// The leader has forgotten the entry before its first and cannot name its term, so it tells the follower to
/// install what ends there; the follower has just that, says so, and is told again, for ever
/// ([RATIS-2500](https://issues.apache.org/jira/browse/RATIS-2500), in 3.3.0). Logs are cut at whole segments
/// and a segment ends with its term, so this is where a node stands that was down when others were elected,
/// however many entries the leader keeps. Here it is told that the leader begins one entry later, and gets a
/// copy.
///
/// Ratis makes it by its name, hence public.
public final class RatisTransport implements RpcType {
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
        public LogAppender newLogAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            return new Appender(server, leader, follower);
        }
    }

    private static final class Appender extends GrpcLogAppender {
        Appender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            super(server, leader, follower);
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
}
