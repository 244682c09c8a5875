package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.partition.GroupPeers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/// Peers, changes of configuration, leadership and linearizable reads of one Ratis group.
final class RatisPeers implements GroupPeers {
    /// Without an answer of a majority for so long a leader answers nobody any more. Heartbeats come every 400 ms.
    static final long CONTACT_MS_MAX = 1_500;

    private static final long FRESH_NANOS = 500_000_000;
    private static final long BARRIER_PAUSE_NANOS = 100_000_000;
    private static final long CHECK_NANOS = 20_000_000;
    /// Clocks of a busy process ring late.
    private static final long HAND_OVER_LATE_NANOS_MAX = 3_000_000_000L;

    private final Supplier<RunningPeer> peer;
    private final AtomicLong nextCallId;
    private volatile long handOverEndsNanos = System.nanoTime();
    private volatile Contact contact = new Contact(System.nanoTime() - TimeUnit.HOURS.toNanos(1), 0);

    /// @param nanos when a majority answered last, this node included
    /// @param checkedNanos when that was found out
    private record Contact(long nanos, long checkedNanos) {}

    RatisPeers(Supplier<RunningPeer> peer, AtomicLong nextCallId) {
        this.peer = peer;
        this.nextCallId = nextCallId;
    }

    /// Whether a majority has answered this leader lately. A process that was stopped for a while finds the answer
    /// outdated and asks again, before it believes that it still leads.
    @Override
    public boolean majorityAnswers() {
        long now = System.nanoTime();
        Contact known = contact;
        if (now - known.nanos > FRESH_NANOS && (now - known.checkedNanos > CHECK_NANOS || known.checkedNanos == 0)) {
            known = new Contact(now - TimeUnit.MILLISECONDS.toNanos(majoritySilentMs()), now);
            contact = known;
        }
        return now - known.nanos < TimeUnit.MILLISECONDS.toNanos(CONTACT_MS_MAX);
    }

    private long majoritySilentMs() {
        RunningPeer at = peer.get();
        RaftServer.Division division = at.division();
        RaftPeerId self = division.getId();
        RaftConfiguration configuration = division.getRaftConf();
        if (configuration.getAllPeers().size() <= 1) {
            return 0;
        }
        RoleInfoProto role = division.getInfo().getRoleInfoProto();
        if (role.getRoleElapsedTimeMs() < CONTACT_MS_MAX) {
            return 0; // a new leader has just been voted for
        }
        Map<String, Long> silentMs = new HashMap<>();
        for (ServerRpcProto follower : role.getLeaderInfo().getFollowerInfoList()) {
            silentMs.put(follower.getId().getId().toStringUtf8(), follower.getLastRpcElapsedTimeMs());
        }
        silentMs.put(self.toString(), 0L);
        long current = majoritySilentMs(configuration.getCurrentPeers(), silentMs);
        return configuration.getPreviousPeers().isEmpty()
                ? current
                : Math.max(current, majoritySilentMs(configuration.getPreviousPeers(), silentMs));
    }

    private static long majoritySilentMs(Collection<RaftPeer> peers, Map<String, Long> silentMs) {
        long[] sorted = peers.stream()
                .mapToLong(member -> silentMs.getOrDefault(member.getId().toString(), Long.MAX_VALUE / 2_000_000))
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    @Override
    public long flushedIndex() {
        return peer.get().division().getRaftLog().getFlushIndex();
    }

    @Override
    public List<Peer> current() {
        return peer.get().division().getRaftConf().getCurrentPeers().stream()
                .map(RatisPeers::toPeer)
                .toList();
    }

    @Override
    public List<Peer> voting() {
        return voting(peer.get().division().getRaftConf());
    }

    static List<Peer> voting(RaftConfiguration configuration) {
        Set<RaftPeer> voting = new LinkedHashSet<>(configuration.getCurrentPeers());
        voting.addAll(configuration.getPreviousPeers());
        return voting.stream().map(RatisPeers::toPeer).toList();
    }

    private static Peer toPeer(RaftPeer peer) {
        return new Peer(
                peer.getId().toString(),
                Objects.requireNonNullElse(peer.getAddress(), ""),
                Objects.requireNonNullElse(peer.getClientAddress(), ""));
    }

    @Override
    public List<Follower> followers() {
        RaftServer.Division division = peer.get().division();
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
        try {
            TermIndex last = peer.get().division().getRaftLog().getLastEntryTermIndex();
            return last == null ? -1 : last.getIndex();
        } catch (IllegalStateException closed) {
            return -1; // the group is being started again, or leaves this node
        }
    }

    @Override
    public CompletableFuture<Void> change(List<Member> members) {
        List<RaftPeer> peers = members.stream().map(RunningServer::toPeer).toList();
        RunningPeer at = peer.get();
        try {
            return at.server()
                    .setConfigurationAsync(new SetConfigurationRequest(
                            at.clientId(), at.server().getId(), at.groupId(), nextCallId.getAndIncrement(), peers))
                    .thenAccept(RatisPeers::check);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Void> transfer(String peerId, long timeoutMs) {
        long ends = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs) + HAND_OVER_LATE_NANOS_MAX;
        if (ends - handOverEndsNanos > 0) {
            handOverEndsNanos = ends;
        }
        return transfer(RaftPeerId.valueOf(peerId), timeoutMs);
    }

    /// Whether the lead is on its way, or was a moment ago.
    boolean mayBeHandingOver() {
        return handOverEndsNanos - System.nanoTime() > 0;
    }

    @Override
    public CompletableFuture<Void> stepDown(long timeoutMs) {
        return transfer((RaftPeerId) null, timeoutMs);
    }

    /// @param successor null for whoever is elected; Ratis takes that at any time
    private CompletableFuture<Void> transfer(@Nullable RaftPeerId successor, long timeoutMs) {
        RunningPeer at = peer.get();
        try {
            return at.server()
                    .transferLeadershipAsync(new TransferLeadershipRequest(
                            at.clientId(),
                            at.server().getId(),
                            at.groupId(),
                            nextCallId.getAndIncrement(),
                            successor,
                            timeoutMs))
                    .thenAccept(RatisPeers::check);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// Tries again until time is over: an election may be going on, and a channel to a leader that was away refuses
    /// for a while after it is back.
    @Override
    public CompletableFuture<Void> barrier() {
        CompletableFuture<Void> result = new CompletableFuture<>();
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RatisSettings.BARRIER_TIMEOUT_MS);
        attemptBarrier(result, deadlineNanos);
        return result.orTimeout(RatisSettings.BARRIER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    private void attemptBarrier(CompletableFuture<Void> result, long deadlineNanos) {
        readIndex().whenComplete((done, failure) -> {
            if (failure == null) {
                result.complete(null);
            } else if (result.isDone() || System.nanoTime() + BARRIER_PAUSE_NANOS > deadlineNanos) {
                result.completeExceptionally(failure);
            } else {
                CompletableFuture.delayedExecutor(BARRIER_PAUSE_NANOS, TimeUnit.NANOSECONDS)
                        .execute(() -> {
                            reconnect(failure);
                            attemptBarrier(result, deadlineNanos);
                        });
            }
        });
    }

    /// A channel that has failed waits longer and longer before it connects again; a new one does not.
    private void reconnect(Throwable failure) {
        RunningPeer at = peer.get();
        RaftPeerId leader = at.division().getInfo().getLeaderId();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StatusRuntimeException
                    && leader != null
                    && !leader.equals(at.server().getId())) {
                at.server().getServerRpc().handleException(leader, new IOException(cause), true);
                return;
            }
        }
    }

    private CompletableFuture<Void> readIndex() {
        RunningPeer at = peer.get();
        if (at.division().getInfo().isLeader() && !majorityAnswers()) {
            return CompletableFuture.failedFuture(new IOException("this node has lost contact with the majority"));
        }
        RaftClientRequest read = RaftClientRequest.newBuilder()
                .setClientId(at.clientId())
                .setServerId(at.server().getId())
                .setGroupId(at.groupId())
                .setCallId(nextCallId.getAndIncrement())
                .setMessage(Message.EMPTY)
                .setType(RaftClientRequest.readRequestType())
                .build();
        try {
            return at.submitter().submitClientRequestAsync(read).thenAccept(RatisPeers::check);
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public void onChange(Runnable listener) {
        peer.get().machine().onChange(listener);
    }

    private static void check(RaftClientReply reply) {
        if (!reply.isSuccess()) {
            throw new CompletionException(reply.getException());
        }
    }
}
