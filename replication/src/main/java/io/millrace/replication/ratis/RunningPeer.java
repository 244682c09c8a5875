package io.millrace.replication.ratis;

import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/// This node's peer of one group, in one life of the Raft server.
record RunningPeer(RaftServer server, RaftServer.Division division, RatisStateMachine machine, ClientId clientId) {
    RaftGroupId groupId() {
        return division.getMemberId().getGroupId();
    }

    static String rootCause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.toString();
    }

    RaftClientAsynchronousProtocol submitter() {
        return (RaftClientAsynchronousProtocol) division;
    }

    /// What has stopped for good; null while it runs.
    @Nullable
    String stopped() {
        LifeCycle.State state = server.getLifeCycleState();
        if (state != LifeCycle.State.RUNNING) {
            return "the raft server is " + state;
        }
        if (!division.getInfo().isAlive()) {
            return "the raft group has stopped (%s)"
                    .formatted(division.getInfo().getLifeCycleState());
        }
        Throwable failed = machine.logFailure();
        if (failed != null) {
            return "the raft log could not be written: " + rootCause(failed);
        }
        return division.getRaftLog().isOpened() ? null : "the raft log is closed after a failed write";
    }
}
