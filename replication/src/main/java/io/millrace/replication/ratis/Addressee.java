package io.millrace.replication.ratis;

import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.jspecify.annotations.Nullable;

/// Refuses what other peers have addressed to a peer that this one is not.
///
/// Ratis looks at a request's group and at nothing else. A node that comes back without its disk is another peer,
/// but at the address of the one that it was; what the leader goes on sending there would fill it, and count as
/// the acknowledgements and votes of a peer that has promised things which this one has forgotten.
///
/// Threading: any; it has no state but that of a call.
final class Addressee implements ServerInterceptor {
    private final String peerId;
    private final ByteString own;

    /// @param peerId of this peer
    Addressee(String peerId) {
        this.peerId = peerId;
        this.own = ByteString.copyFromUtf8(peerId);
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
            private boolean refused; // messages of a call come one after the other

            @Override
            public void onMessage(Q message) {
                ByteString wanted = addressee(message);
                if (wanted != null && !wanted.isEmpty() && !wanted.equals(own) && !refused) {
                    refused = true;
                    String text = "this is peer %s, not %s, which was at this address before"
                            .formatted(peerId, wanted.toStringUtf8());
                    call.close(Status.FAILED_PRECONDITION.withDescription(text), new Metadata());
                }
                if (!refused) {
                    super.onMessage(message);
                }
            }

            @Override
            public void onHalfClose() {
                if (!refused) {
                    super.onHalfClose();
                }
            }
        };
    }

    /// Null for what clients send, which ask whoever is there.
    private static @Nullable ByteString addressee(Object message) {
        RaftRpcRequestProto request = switch (message) {
            case AppendEntriesRequestProto append -> append.getServerRequest();
            case RequestVoteRequestProto vote -> vote.getServerRequest();
            case InstallSnapshotRequestProto install -> install.getServerRequest();
            case ReadIndexRequestProto read -> read.getServerRequest();
            case StartLeaderElectionRequestProto election -> election.getServerRequest();
            default -> null;
        };
        return request == null ? null : request.getReplyId();
    }
}
