package io.millrace.replication.ratis;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps a follower from acknowledging entries that are not on its disk.
///
/// Ratis 3.3.0 does that when an entry comes a second time, because the answer to the first was lost or was an
/// error: it finds the entry in memory, has nothing to write, and answers "appended" at once, whether the first
/// write is still under way or has failed. A follower whose log could not be written (`Log already failed`) goes
/// on acknowledging what it will have forgotten after its restart; the leader counts it, and never sends it
/// again. For a moment after a truncation, the futures of entries that take the place of others are completed
/// before they are flushed, too. So what an answer claims is compared with the flush index of the log. Where
/// that is less, the call is ended; the leader sends the entries again, and again, until they are there.
///
/// Threading: any; it has no state but that of a call.
final class DurableReplies implements ServerInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(DurableReplies.class);

    /// What is on disk.
    @FunctionalInterface
    interface Logs {
        /// Whether an entry that is in a group's log, and all before it, have been flushed.
        boolean areFlushed(RaftGroupId group, long index) throws IOException;
    }

    private final AtomicBoolean told = new AtomicBoolean();
    private volatile @Nullable Logs logs;

    /// To be called before the server is started.
    void of(Logs ofServer) {
        logs = ofServer;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return next.startCall(
                new SimpleForwardingServerCall<>(call) {
                    private boolean ended; // answers of a call come one after the other

                    @Override
                    public void sendMessage(A message) {
                        if (!ended
                                && message instanceof AppendEntriesReplyProto reply
                                && reply.getResult() == AppendResult.SUCCESS
                                && !reply.getIsHearbeat()
                                && !isTrue(reply)) {
                            ended = true;
                            super.close(
                                    Status.UNAVAILABLE.withDescription(
                                            "entry %d is not on disk yet".formatted(reply.getMatchIndex())),
                                    new Metadata());
                        }
                        if (!ended) {
                            super.sendMessage(message);
                        }
                    }

                    @Override
                    public void close(Status status, Metadata trailers) {
                        if (!ended) {
                            super.close(status, trailers);
                        }
                    }
                },
                headers);
    }

    private boolean isTrue(AppendEntriesReplyProto reply) {
        Logs asked = logs;
        try {
            if (asked != null
                    && asked.areFlushed(
                            RaftGroupId.valueOf(
                                    reply.getServerReply().getRaftGroupId().getId()),
                            reply.getMatchIndex())) {
                return true;
            }
        } catch (IOException e) {
            // the group is being closed, and cannot say
        }
        if (told.compareAndSet(false, true)) { // a failed log does it for each entry
            LOG.atInfo()
                    .addKeyValue("entry", reply.getMatchIndex())
                    .log("an entry that is not on disk yet is not acknowledged");
        }
        return false;
    }
}
