package io.millrace.replication.ratis;

import io.millrace.replication.partition.CommandOutcome;
import io.millrace.replication.partition.GroupPeers;
import io.millrace.replication.partition.PendingEntry;
import io.millrace.replication.partition.SnapshotPostponedException;
import io.millrace.replication.partition.StateMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.FileListSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ratis' view of a [StateMachine]: hands committed entries over and keeps the life cycle as Ratis demands it.
///
/// Threading: applying and snapshots by Ratis' updater thread; the rest by any of its threads, some of them
/// under its locks, so nothing here waits.
final class RatisStateMachine extends BaseStateMachine {
    private static final Logger LOG = LoggerFactory.getLogger(RatisStateMachine.class);
    private static final CompletableFuture<Message> APPLIED =
            CompletableFuture.completedFuture(Message.valueOf(ByteString.EMPTY));

    /// What Ratis takes for "the log has everything".
    @SuppressWarnings("NullAway") // the library's convention
    private static final TermIndex UNAVAILABLE = null;

    private final StateMachine machine;
    private final ByteString clientId;
    private final Map<Long, PendingEntry> inFlight = new ConcurrentHashMap<>();
    private final Truncations truncations = new Truncations();
    private volatile Runnable changeListener = () -> {};
    private volatile @Nullable Throwable logFailure;

    RatisStateMachine(StateMachine machine, ClientId clientId) {
        this.machine = machine;
        this.clientId = clientId.toByteString();
        if (machine.durableIndex() >= 0) {
            setLastAppliedTermIndex(durable());
        }
    }

    private TermIndex durable() {
        return TermIndex.valueOf(machine.durableTerm(), machine.durableIndex());
    }

    @Override
    public DataApi data() {
        return truncations;
    }

    /// Of the division's log.
    Truncations truncations() {
        return truncations;
    }

    // ---- entries of this process ----

    /// Carries the entry, so that Ratis' callbacks can tell it what happens.
    record EntryMessage(PendingEntry entry, ByteString content) implements Message {
        @Override
        public ByteString getContent() {
            return content;
        }
    }

    void expect(long callId, PendingEntry entry) {
        inFlight.put(callId, entry);
    }

    @Nullable
    PendingEntry forget(long callId) {
        return inFlight.remove(callId);
    }

    void failAll(String why) {
        for (Long callId : inFlight.keySet()) {
            PendingEntry undecided = inFlight.remove(callId);
            if (undecided != null) {
                undecided.failed(why, null);
            }
        }
    }

    @Override
    public TransactionContext startTransaction(RaftClientRequest request) {
        TransactionContext.Builder context = TransactionContext.newBuilder()
                .setStateMachine(this)
                .setClientRequest(request)
                .setLogData(request.getMessage().getContent());
        if (request.getMessage() instanceof EntryMessage message) {
            context.setStateMachineContext(message.entry());
        }
        return context.build();
    }

    @Override
    public TransactionContext preAppendTransaction(TransactionContext transaction) {
        if (transaction.getStateMachineContext() instanceof PendingEntry entry) {
            entry.enteredLog();
        }
        return transaction;
    }

    // ---- applying ----

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        long startedNanos = System.nanoTime();
        LogEntryProto entry = transaction.getLogEntry();
        StateMachineLogEntryProto body = entry.getStateMachineLogEntry();
        PendingEntry pending = body.getClientId().equals(clientId) ? inFlight.remove(body.getCallId()) : null;
        ByteBuffer bytes = pending != null
                ? ByteBuffer.wrap(pending.bytes())
                : body.getLogData().asReadOnlyByteBuffer();
        List<CommandOutcome> outcomes;
        try {
            outcomes = machine.apply(entry.getIndex(), entry.getTerm(), bytes);
        } catch (IOException | RuntimeException | Error e) {
            String what = "entry %d could not be applied".formatted(entry.getIndex());
            machine.logFailed(what, e);
            if (pending != null) {
                pending.failed(what, e);
            }
            throw new IllegalStateException(what, e); // Ratis closes the division, and another node leads
        }
        updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
        if (pending != null) {
            pending.applied(entry.getIndex(), outcomes, startedNanos);
        }
        return APPLIED;
    }

    @Override
    public void notifyTermIndexUpdated(long term, long index) {
        machine.skip(index, term);
        super.notifyTermIndexUpdated(term, index);
    }

    @Override
    public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
        logFailure = cause;
    }

    /// Why the log cannot be written any more: disk full, an I/O error. What was applied is not touched by that.
    @Nullable
    Throwable logFailure() {
        return logFailure;
    }

    // ---- peers ----

    void onChange(Runnable listener) {
        changeListener = listener;
    }

    Runnable changeListener() {
        return changeListener;
    }

    @Override
    public void notifyConfigurationChanged(long term, long index, RaftConfigurationProto configuration) {
        changeListener.run();
    }

    @Override
    public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
        machine.leaderChanged();
        changeListener.run();
    }

    /// A linearizable read reads nothing: the caller only wants to know that it may.
    @Override
    public CompletableFuture<Message> query(Message request) {
        return APPLIED;
    }

    // ---- snapshots ----

    @Override
    public long takeSnapshot() throws IOException {
        try {
            return machine.takeSnapshot();
        } catch (SnapshotPostponedException e) {
            LOG.atWarn().setCause(e).log("a snapshot is postponed");
            return machine.durableIndex(); // not a failure: Ratis would wait for ever for the one it asked for
        } catch (IOException | RuntimeException e) {
            // after a failed fsync the page cache cannot be trusted, so a retry would lie
            machine.logFailed("the partition logs could not be made durable", e);
            throw e;
        }
    }

    @Override
    public @Nullable SnapshotInfo getLatestSnapshot() {
        return machine.durableIndex() < 0 ? null : new FileListSnapshotInfo(List.of(), durable());
    }

    /// Under Ratis' lock: files are fetched elsewhere. The future must fail when another node leads, because
    /// Ratis refuses the notice of a leader whose log begins earlier while it waits for this one.
    @Override
    public CompletableFuture<TermIndex> notifyInstallSnapshotFromLeader(RoleInfoProto role, TermIndex firstInLog) {
        RaftPeerProto leader = role.getFollowerInfo().getLeaderInfo().getId();
        return machine.fetchCopy(
                        new GroupPeers.Peer(
                                leader.getId().toStringUtf8(), leader.getAddress(), leader.getClientAddress()),
                        firstInLog.getIndex())
                .thenApply(point -> point.isPresent()
                        ? TermIndex.valueOf(point.get().term(), point.get().index())
                        : UNAVAILABLE);
    }

    // ---- life cycle: Ratis closes a division for ever when these transitions are missing ----

    @Override
    public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage) throws IOException {
        getLifeCycle().startAndTransition(() -> super.initialize(server, groupId, storage), IOException.class);
    }

    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    /// On the applying thread. A copy that cannot come into force stops this replica; the next start tries
    /// again.
    @Override
    public void reinitialize() throws IOException {
        try {
            getLifeCycle()
                    .startAndTransition(
                            () -> {
                                machine.adoptCopy();
                                setLastAppliedTermIndex(durable());
                            },
                            IOException.class);
        } catch (IOException | RuntimeException e) {
            machine.logFailed("the copy of a peer could not come into force", e);
            throw e;
        }
    }
}
