package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.partition.GroupPeers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;

/// Peers, changes of configuration, leadership and linearizable reads of one Ratis group.
final class RatisPeers implements GroupPeers {
    private final RaftServer server;
    private final RaftServer.Division division;
    private final RatisStateMachine machine;
    private final ClientId clientId;
    private final AtomicLong nextCallId;

    RatisPeers(
            RaftServer server,
            RaftServer.Division division,
            RatisStateMachine machine,
            ClientId clientId,
            AtomicLong nextCallId) {
        this.server = server;
        this.division = division;
        this.machine = machine;
        this.clientId = clientId;
        this.nextCallId = nextCallId;
    }

    @Override
    public List<Peer> current() {
        return division.getRaftConf().getCurrentPeers().stream()
                .map(peer -> new Peer(
                        peer.getId().toString(),
                        Objects.requireNonNullElse(peer.getAddress(), ""),
                        Objects.requireNonNullElse(peer.getClientAddress(), "")))
                .toList();
    }

    @Override
    public List<Follower> followers() {
        if (division.getInfo().getCurrentRole() != RaftPeerRole.LEADER) {
            return List.of();
        }
        List<ServerRpcProto> infos =
                division.getInfo().getRoleInfoProto().getLeaderInfo().getFollowerInfoList();
        long[] matches = division.getInfo().getFollowerMatchIndices();
        List<Follower> followers = new ArrayList<>();
        for (int i = 0; i < infos.size(); i++) {
            followers.add(new Follower(
                    infos.get(i).getId().getId().toStringUtf8(),
                    // both lists are the appenders in their order; while one is added or removed they may differ
                    matches != null && matches.length == infos.size() ? matches[i] : -1,
                    infos.get(i).getLastRpcElapsedTimeMs()));
        }
        return followers;
    }

    @Override
    public long lastIndex() {
        TermIndex last = division.getRaftLog().getLastEntryTermIndex();
        return last == null ? -1 : last.getIndex();
    }

    @Override
    public CompletableFuture<Void> change(List<Member> members) {
        List<RaftPeer> peers = members.stream().map(RatisConsensus::toPeer).toList();
        try {
            return server.setConfigurationAsync(new SetConfigurationRequest(
                            clientId,
                            server.getId(),
                            division.getMemberId().getGroupId(),
                            nextCallId.getAndIncrement(),
                            peers))
                    .thenAccept(RatisPeers::check);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Void> transfer(String peerId, long timeoutMs) {
        try {
            return server.transferLeadershipAsync(new TransferLeadershipRequest(
                            clientId,
                            server.getId(),
                            division.getMemberId().getGroupId(),
                            nextCallId.getAndIncrement(),
                            RaftPeerId.valueOf(peerId),
                            timeoutMs))
                    .thenAccept(RatisPeers::check);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Void> barrier() {
        RaftClientRequest read = RaftClientRequest.newBuilder()
                .setClientId(clientId)
                .setServerId(server.getId())
                .setGroupId(division.getMemberId().getGroupId())
                .setCallId(nextCallId.getAndIncrement())
                .setMessage(Message.EMPTY)
                .setType(RaftClientRequest.readRequestType())
                .build();
        try {
            return ((RaftClientAsynchronousProtocol) division)
                    .submitClientRequestAsync(read)
                    .thenAccept(RatisPeers::check)
                    .orTimeout(RatisSettings.BARRIER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void onChange(Runnable listener) {
        machine.onChange(listener);
    }

    private static void check(RaftClientReply reply) {
        if (!reply.isSuccess()) {
            throw new CompletionException(reply.getException());
        }
    }
}
