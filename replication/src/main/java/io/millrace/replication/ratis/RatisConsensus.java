package io.millrace.replication.ratis;

import io.millrace.replication.Member;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.Consensus;
import io.millrace.replication.partition.GroupPeers;
import io.millrace.replication.partition.PendingEntry;
import io.millrace.replication.partition.StateMachine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.ratis.proto.RaftProtos.ReplicationLevel;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SnapshotManagementRequest;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/// One Raft group of Apache Ratis, with all peers of the settings.
///
/// Entries are submitted to the division directly, not through the RPC client: no serialization, no thread hop.
public final class RatisConsensus implements Consensus {
    private static final RaftGroupId GROUP =
            RaftGroupId.valueOf(UUID.nameUUIDFromBytes("millrace-group-0".getBytes(StandardCharsets.UTF_8)));

    // java.util.logging forgets the level of a logger that nobody holds
    private static final Logger GRPC_LOG = Logger.getLogger("org.apache.ratis.thirdparty.io.grpc");

    private final ReplicationSettings settings;
    private final RaftServer server;
    private final RaftServer.Division division;
    private final RaftClientAsynchronousProtocol submitter;
    private final RatisStateMachine machine;
    private final RaftPeerId self;
    private final ClientId clientId;
    private final AtomicLong nextCallId = new AtomicLong(1);
    private final RatisPeers group;
    private volatile boolean closed;

    private RatisConsensus(
            ReplicationSettings settings, RaftServer server, RatisStateMachine machine, ClientId clientId)
            throws IOException {
        this.settings = settings;
        this.server = server;
        this.machine = machine;
        this.clientId = clientId;
        this.self = server.getId();
        this.division = server.getDivision(GROUP);
        this.submitter = (RaftClientAsynchronousProtocol) division;
        this.group = new RatisPeers(server, division, machine, clientId, nextCallId);
    }

    /// Starts this node's peer of the group.
    ///
    /// @throws IOException the log is damaged or in use, or the port cannot be bound
    public static RatisConsensus open(ReplicationSettings settings, StateMachine stateMachine) throws IOException {
        tame();
        Path folder = settings.dataFolder().resolve("raft");
        java.nio.file.Files.createDirectories(folder);
        TornTailScan.check(
                folder.resolve(GROUP.getUuid().toString()).resolve("current"),
                settings.entryBytesMax() + RatisSettings.ENTRY_OVERHEAD_BYTES,
                stateMachine.durableIndex());

        List<RaftPeer> peers =
                settings.members().stream().map(RatisConsensus::toPeer).toList();
        InetSocketAddress address = parse(settings.self().raftAddress());
        ClientId clientId = ClientId.randomId();
        RatisStateMachine machine = new RatisStateMachine(stateMachine, clientId);
        RaftServer server = null;
        try {
            server = RaftServer.newBuilder()
                    .setServerId(RaftPeerId.valueOf(settings.self().peerId()))
                    // the peers are given at every start: the first address that is registered wins over what
                    // is stored
                    .setGroup(RaftGroup.valueOf(GROUP, peers))
                    // FORMAT would empty the folder; RECOVER formats only what is not there
                    .setOption(RaftStorage.StartupOption.RECOVER)
                    .setStateMachine(machine)
                    .setProperties(RatisSettings.of(
                            folder,
                            address.getHostString(),
                            address.getPort(),
                            peers.size(),
                            settings.entryBytesMax(),
                            settings.requestTimeout()))
                    .setParameters(RatisTls.parameters(settings.tls()))
                    .build();
            server.start();
            return new RatisConsensus(settings, server, machine, clientId);
        } catch (IOException | RuntimeException | Error e) {
            if (server != null) {
                closeAfter(e, server);
            }
            throw new IOException(
                    "the raft log in %s could not be opened at %s: %s".formatted(folder, address, rootCause(e)), e);
        }
    }

    /// What Ratis and its gRPC do to a whole process that does not belong to them.
    private static void tame() {
        GRPC_LOG.setLevel(Level.WARNING);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        ExitUtils.disableSystemExit(); // a port in use would end the process
        Thread.setDefaultUncaughtExceptionHandler(before); // the class above has put its own in
    }

    private static InetSocketAddress parse(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("a raft address is host:port, not '%s'".formatted(address));
        }
        return InetSocketAddress.createUnresolved(
                address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    static RaftPeer toPeer(Member member) {
        RaftPeer.Builder peer = RaftPeer.newBuilder().setId(member.peerId()).setAddress(member.raftAddress());
        // nobody connects to it from here; it rides along so that a new node knows where the leader's HTTP port
        // is
        return member.httpAddress().isEmpty()
                ? peer.build()
                : peer.setClientAddress(member.httpAddress()).build();
    }

    private static void closeAfter(Throwable failure, RaftServer server) {
        try {
            server.close();
        } catch (IOException | RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private static String rootCause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.toString();
    }

    @Override
    public void submit(PendingEntry entry) {
        long callId = nextCallId.getAndIncrement();
        RaftClientRequest request = RaftClientRequest.newBuilder()
                .setClientId(clientId)
                .setServerId(self)
                .setGroupId(GROUP)
                .setCallId(callId)
                .setMessage(new RatisStateMachine.EntryMessage(entry, UnsafeByteOperations.unsafeWrap(entry.bytes())))
                .setType(RaftClientRequest.writeRequestType())
                .build();
        machine.expect(callId, entry);
        try {
            submitter.submitClientRequestAsync(request).whenComplete((reply, failure) -> {
                PendingEntry undecided = machine.forget(callId);
                if (undecided != null) { // otherwise applying it has answered
                    fail(undecided, reply, failure);
                }
            });
        } catch (IOException | RuntimeException e) {
            PendingEntry undecided = machine.forget(callId);
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
        long timeoutMs = settings.requestTimeout().toMillis();
        try {
            return server.snapshotManagementAsync(SnapshotManagementRequest.newCreate(
                            clientId, self, GROUP, nextCallId.getAndIncrement(), timeoutMs))
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
        RaftClientRequest watch = RaftClientRequest.newBuilder()
                .setClientId(clientId)
                .setServerId(self)
                .setGroupId(GROUP)
                .setCallId(nextCallId.getAndIncrement())
                .setMessage(Message.EMPTY)
                .setType(RaftClientRequest.watchRequestType(index, ReplicationLevel.ALL))
                .build();
        try {
            return submitter.submitClientRequestAsync(watch).thenAccept(reply -> {
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
        return !closed && division.getInfo().isLeaderReady();
    }

    @Override
    public Optional<String> leader() {
        RaftPeerId leader = closed ? null : division.getInfo().getLeaderId();
        return Optional.ofNullable(leader).map(RaftPeerId::toString).map(Member::nodeIdOf);
    }

    @Override
    public int peers() {
        return Math.max(1, division.getRaftConf().getAllPeers().size());
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
        DivisionInfo info = division.getInfo();
        List<String> problems = new ArrayList<>();
        if (server.getLifeCycleState() != LifeCycle.State.RUNNING) {
            problems.add("the raft server is %s; restart the node".formatted(server.getLifeCycleState()));
        }
        if (!info.isAlive()) {
            problems.add("the raft group has stopped (%s); restart the node".formatted(info.getLifeCycleState()));
        } else if (!division.getRaftLog().isOpened()) {
            problems.add("the raft log is closed after a failed write; restart the node");
        }
        return new Status(
                info.getCurrentRole().name().toLowerCase(java.util.Locale.ROOT),
                info.getCurrentTerm(),
                division.getRaftLog().getLastCommittedIndex(),
                info.getLastAppliedIndex(),
                problems);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            try {
                server.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
