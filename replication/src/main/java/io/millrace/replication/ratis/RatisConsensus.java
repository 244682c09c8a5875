package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.GroupPeers;
import io.millrace.replication.partition.PendingEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.proto.RaftProtos.ReplicationLevel;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/// One Raft group of Apache Ratis, with all peers of the settings; one of several on the node's server.
///
/// Entries are submitted to the division directly, not through the RPC client: no serialization, no thread hop.
///
/// Ratis never recovers by itself from a failed log or a closed division; [#restart] starts a new server over
/// the same files.
public final class RatisConsensus implements Consensus {
    private final ReplicationSettings settings;
    private final RatisServer server;
    private final int number;
    private final AtomicLong nextCallId = new AtomicLong(1);
    private final RatisPeers group;
    private volatile boolean closed;
    /// In which this node has led and refused an entry because of a hand-over that is over, and has taken none
    /// since; 0 for none.
    private volatile long refusedTerm;

    RatisConsensus(ReplicationSettings settings, RatisServer server, int number) {
        this.settings = settings;
        this.server = server;
        this.number = number;
        this.group = new RatisPeers(this::peer, nextCallId);
    }

    RunningPeer peer() {
        return server.peer(number);
    }

    @Override
    public @Nullable String stopped() {
        return closed ? null : peer().stopped();
    }

    @Override
    public void halt() throws IOException {
        server.halt();
    }

    @Override
    public void restart(List<Member> members) throws IOException {
        server.restart(number, members);
    }

    @Override
    public void reset(LastLook lastLook) throws IOException {
        server.reset(number, lastLook);
    }

    @Override
    public void submit(PendingEntry entry) {
        RunningPeer at = peer();
        long callId = nextCallId.getAndIncrement();
        RaftClientRequest request = RaftClientRequest.newBuilder()
                .setClientId(at.clientId())
                .setServerId(at.server().getId())
                .setGroupId(at.groupId())
                .setCallId(callId)
                .setMessage(new RatisStateMachine.EntryMessage(entry, UnsafeByteOperations.unsafeWrap(entry.bytes())))
                .setType(RaftClientRequest.writeRequestType())
                .build();
        at.machine().expect(callId, entry);
        try {
            at.submitter().submitClientRequestAsync(request).whenComplete((reply, failure) -> {
                PendingEntry undecided = at.machine().forget(callId);
                if (undecided != null) { // otherwise applying it has answered
                    fail(undecided, reply, failure);
                } else if (refusedTerm != 0) {
                    refusedTerm = 0;
                }
            });
        } catch (IOException | RuntimeException e) {
            PendingEntry undecided = at.machine().forget(callId);
            if (undecided != null) {
                fail(undecided, null, e);
            }
        }
    }

    private void fail(PendingEntry entry, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
        Throwable cause = failure != null ? failure : reply == null ? null : reply.getException();
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof LeaderSteppingDownException && !group.mayBeHandingOver()) {
            refusedTerm = peer().division().getInfo().getCurrentTerm();
        }
        if (cause instanceof NotLeaderException
                || cause instanceof LeaderNotReadyException
                || cause instanceof LeaderSteppingDownException) {
            entry.notLeader(leader().orElse(null));
        } else {
            entry.failed(cause == null ? "the entry was lost" : cause.toString(), cause);
        }
    }

    @Override
    public CompletableFuture<Long> snapshot() {
        RunningPeer at = peer();
        long timeoutMs = settings.requestTimeout().toMillis();
        try {
            return at.server()
                    .snapshotManagementAsync(SnapshotManagementRequest.newCreate(
                            at.clientId(), at.server().getId(), at.groupId(), nextCallId.getAndIncrement(), timeoutMs))
                    .thenApply(reply -> {
                        if (!reply.isSuccess()) {
                            throw new CompletionException(reply.getException());
                        }
                        return reply.getLogIndex();
                    });
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Void> replicatedEverywhere(long index) {
        RunningPeer at = peer();
        RaftClientRequest watch = RaftClientRequest.newBuilder()
                .setClientId(at.clientId())
                .setServerId(at.server().getId())
                .setGroupId(at.groupId())
                .setCallId(nextCallId.getAndIncrement())
                .setMessage(Message.EMPTY)
                .setType(RaftClientRequest.watchRequestType(index, ReplicationLevel.ALL))
                .build();
        try {
            return at.submitter().submitClientRequestAsync(watch).thenAccept(reply -> {
                if (!reply.isSuccess()) {
                    throw new CompletionException(reply.getException());
                }
            });
        } catch (IOException | RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public boolean leads() {
        RunningPeer at = peer();
        return !closed
                && at.division().getInfo().isLeaderReady()
                && at.machine().logFailure() == null
                && group.majorityAnswers();
    }

    @Override
    public boolean refuses() {
        return refusedTerm != 0
                && !closed
                && peer().division().getInfo().isLeader()
                && peer().division().getInfo().getCurrentTerm() == refusedTerm;
    }

    @Override
    public Optional<String> leader() {
        if (closed) {
            return Optional.empty();
        }
        RunningPeer at = peer();
        RaftPeerId leader = at.division().getInfo().getLeaderId();
        if (leader == null
                || leader.equals(at.server().getId())
                        && at.division().getInfo().isLeader()
                        && !group.majorityAnswers()) {
            return Optional.empty();
        }
        return Optional.of(Member.nodeIdOf(leader.toString()));
    }

    @Override
    public int peers() {
        return Math.max(1, peer().division().getRaftConf().getAllPeers().size());
    }

    @Override
    public GroupPeers group() {
        return group;
    }

    @Override
    public Status status() {
        if (closed) {
            return new Status("closed", 0, -1, -1, List.of("the raft server is closed"));
        }
        RunningPeer at = peer();
        DivisionInfo info = at.division().getInfo();
        String stopped = at.stopped();
        String failed = server.restartFailure();
        List<String> problems = stopped == null
                ? List.of()
                : List.of(stopped
                        + (failed == null
                                ? "; it is started again"
                                : "; it could not be started again and is tried once more: " + failed));
        return new Status(
                stopped != null && !info.isAlive()
                        ? "closed"
                        : info.getCurrentRole().name().toLowerCase(Locale.ROOT),
                info.getCurrentTerm(),
                at.division().getRaftLog().getLastCommittedIndex(),
                info.getLastAppliedIndex(),
                problems);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                server.close(number);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
