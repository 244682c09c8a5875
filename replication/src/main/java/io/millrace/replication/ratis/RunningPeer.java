package io.millrace.replication.ratis;

import io.millrace.log.CorruptLogException;
import io.millrace.replication.Member;
import io.millrace.replication.ReplicationSettings;
import io.millrace.replication.partition.StateMachine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/// One life of this node's Raft server, from its start to its end. A node whose server has failed gets another one.
record RunningPeer(RaftServer server, RaftServer.Division division, RatisStateMachine machine, ClientId clientId) {
    static final RaftGroupId GROUP =
            RaftGroupId.valueOf(UUID.nameUUIDFromBytes("millrace-group-0".getBytes(StandardCharsets.UTF_8)));

    // java.util.logging forgets the level of a logger that nobody holds
    private static final Logger GRPC_LOG = Logger.getLogger("org.apache.ratis.thirdparty.io.grpc");
    private static final long CLOSE_TIMEOUT_MS = 15_000;

    /// @param again not the first start in this process: then peers are not kept waiting by a hasty election, and
    ///     what they were promised while this one led is still true
    /// @throws CorruptLogException something else than a torn tail is wrong with the log
    /// @throws IOException the log is in use, or the port cannot be bound
    static RunningPeer start(
            ReplicationSettings settings, List<Member> members, StateMachine stateMachine, boolean again)
            throws IOException {
        tame();
        Path folder = settings.dataFolder().resolve("raft");
        Files.createDirectories(folder);
        TornTailScan.check(
                folder.resolve(GROUP.getUuid().toString()).resolve("current"),
                settings.entryBytesMax() + RatisSettings.ENTRY_OVERHEAD_BYTES,
                stateMachine.durableIndex());

        List<RaftPeer> peers = members.stream().map(RunningPeer::toPeer).toList();
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
                            again,
                            settings.entryBytesMax(),
                            settings.requestTimeout()))
                    .setParameters(RatisTls.parameters(settings.tls()))
                    .build();
            server.start();
            return new RunningPeer(server, server.getDivision(GROUP), machine, clientId);
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
        // nobody connects to it from here; it rides along so that a new node knows where the leader's HTTP port is
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

    /// Closes the server. A failed one may never manage to; then this gives up, and the process cannot go on with it.
    ///
    /// @throws IOException it could not be closed
    void close() throws IOException {
        Thread closer = new Thread(
                () -> {
                    try {
                        server.close();
                    } catch (IOException e) {
                        GRPC_LOG.log(Level.WARNING, "the raft server could not be closed", e);
                    }
                },
                "replication-close-0");
        closer.setDaemon(true);
        closer.start();
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_TIMEOUT_MS);
        while (closer.isAlive() && System.nanoTime() < deadline) {
            try {
                closer.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        machine.failAll("the raft server was closed meanwhile");
        if (closer.isAlive()) {
            throw new IOException("the raft server could not be closed within %d s; restart the node"
                    .formatted(TimeUnit.MILLISECONDS.toSeconds(CLOSE_TIMEOUT_MS)));
        }
    }
}
