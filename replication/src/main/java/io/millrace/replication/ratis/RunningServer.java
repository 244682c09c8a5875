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
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.LifeCycle;

/// One life of this node's Raft server, from its start to its end. A node whose server has failed gets another
/// one.
///
/// @param peers one for each group, by number
/// @param machines Ratis' view of each state machine, the newest of its division
record RunningServer(
        RaftServer server,
        List<RunningPeer> peers,
        AtomicReferenceArray<RatisStateMachine> machines,
        List<StateMachine> stateMachines) {
    // java.util.logging forgets the level of a logger that nobody holds
    private static final Logger GRPC_LOG = Logger.getLogger("org.apache.ratis.thirdparty.io.grpc");
    private static final long CLOSE_TIMEOUT_MS = 15_000;

    RunningServer {
        peers = List.copyOf(peers);
    }

    static RaftGroupId groupId(int group) {
        return RaftGroupId.valueOf(
                UUID.nameUUIDFromBytes(("millrace-group-" + group).getBytes(StandardCharsets.UTF_8)));
    }

    /// @param stateMachines of all groups, by number
    /// @param again not the first start in this process: then peers are not kept waiting by a hasty election, and
    ///     what they were promised while this one led is still true
    /// @throws CorruptLogException something else than a torn tail is wrong with a log
    /// @throws IOException a log is in use, or the port cannot be bound
    static RunningServer start(
            ReplicationSettings settings, List<Member> members, List<StateMachine> stateMachines, boolean again)
            throws IOException {
        tame();
        Path folder = settings.dataFolder().resolve("raft");
        Files.createDirectories(folder);
        for (int group = 0; group < stateMachines.size(); group++) {
            TornTailScan.check(
                    folder.resolve(groupId(group).getUuid().toString()).resolve("current"),
                    settings.entryBytesMax() + RatisSettings.ENTRY_OVERHEAD_BYTES,
                    stateMachines.get(group).durableIndex());
        }
        // Ratis starts no peer that its group does not name. One that was removed waits for a leader that adds
        // it, as a new one does
        boolean member = members.stream()
                .anyMatch(it -> it.peerId().equals(settings.self().peerId()));
        List<RaftPeer> peers =
                member ? members.stream().map(RunningServer::toPeer).toList() : List.of();
        List<RaftPeer> founders = stateMachines.size() == 1 ? peers : Founders.of(folder, members);
        InetSocketAddress address = parse(settings.self().raftAddress());
        ClientId clientId = ClientId.randomId();
        AtomicReferenceArray<RatisStateMachine> machines = new AtomicReferenceArray<>(stateMachines.size());
        DurableReplies replies = new DurableReplies();
        RaftServer server = null;
        try {
            RaftServer built = RaftServer.newBuilder()
                    .setServerId(RaftPeerId.valueOf(settings.self().peerId()))
                    // the peers are given at every start: the first address that is registered wins over what
                    // is stored. This registers them for all groups
                    .setGroup(RaftGroup.valueOf(groupId(0), peers))
                    // FORMAT would empty the folder; RECOVER formats only what is not there
                    .setOption(RaftStorage.StartupOption.RECOVER)
                    .setStateMachineRegistry(id -> {
                        int group = groupOf(id, stateMachines.size());
                        machines.set(group, new RatisStateMachine(stateMachines.get(group), clientId));
                        return machines.get(group);
                    })
                    .setProperties(RatisSettings.of(
                            folder,
                            address.getHostString(),
                            address.getPort(),
                            peers.size(),
                            again,
                            settings.entryBytesMax(),
                            settings.requestTimeout()))
                    .setParameters(
                            RatisTls.parameters(settings.tls(), settings.self().peerId(), replies))
                    .build();
            server = built;
            replies.of((id, index) -> {
                RatisStateMachine machine = machines.get(groupOf(id, stateMachines.size()));
                // in this order: see Truncations
                return machine.truncations().areOver(index)
                        && built.getDivision(id).getRaftLog().getFlushIndex() >= index;
            });
            server.start();
            List<RunningPeer> running = new ArrayList<>();
            for (int group = 0; group < stateMachines.size(); group++) {
                ensureGroup(
                        server,
                        clientId,
                        groupId(group),
                        group == 0 ? peers : Departures.hasLeft(folder, group) ? List.of() : founders);
                running.add(new RunningPeer(server, server.getDivision(groupId(group)), machines.get(group), clientId));
            }
            return new RunningServer(server, running, machines, stateMachines);
        } catch (IOException | RuntimeException | Error e) {
            if (server != null) {
                closeAfter(e, server);
            }
            throw new IOException(
                    "the raft log in %s could not be opened at %s: %s"
                            .formatted(folder, address, RunningPeer.rootCause(e)),
                    e);
        }
    }

    boolean isRunning() {
        return server.getLifeCycleState() == LifeCycle.State.RUNNING;
    }

    /// Closes a group's division; its files stay.
    void closeGroup(int group) throws IOException {
        RunningPeer old = peers.get(group);
        check(server.groupManagement(GroupManagementRequest.newRemove(
                old.clientId(), server.getId(), System.nanoTime(), groupId(group), false, false)));
        old.machine().failAll("the group left this node meanwhile");
    }

    /// Opens a group's division again, over the files that there are; a group without files has no peers.
    ///
    /// @return this server with the new division
    RunningServer openGroup(int group) throws IOException {
        RunningPeer old = peers.get(group);
        check(server.groupManagement(GroupManagementRequest.newAdd(
                old.clientId(),
                server.getId(),
                System.nanoTime(),
                RaftGroup.valueOf(groupId(group), List.of()),
                false)));
        RunningPeer next =
                new RunningPeer(server, server.getDivision(groupId(group)), machines.get(group), old.clientId());
        next.machine().onChange(old.machine().changeListener());
        List<RunningPeer> all = new ArrayList<>(peers);
        all.set(group, next);
        return new RunningServer(server, all, machines, stateMachines);
    }

    private static int groupOf(RaftGroupId id, int groups) {
        for (int group = 0; group < groups; group++) {
            if (groupId(group).equals(id)) {
                return group;
            }
        }
        throw new IllegalArgumentException(
                "the raft folder holds a group %s, which is none of this cluster's %d".formatted(id, groups));
    }

    /// Ratis starts the first group, and others that it finds on disk. One that is new, or that knows nobody
    /// because a crash came before its first entry, is told its peers; see [Founders].
    private static void ensureGroup(RaftServer server, ClientId clientId, RaftGroupId id, List<RaftPeer> peers)
            throws IOException {
        boolean there = false;
        for (RaftGroupId known : server.getGroupIds()) {
            there |= known.equals(id);
        }
        if (there
                && (peers.isEmpty()
                        || !server.getDivision(id).getRaftConf().getAllPeers().isEmpty())) {
            return;
        }
        long callId = 0;
        if (there) {
            check(server.groupManagement(
                    GroupManagementRequest.newRemove(clientId, server.getId(), callId++, id, false, false)));
        }
        check(server.groupManagement(
                GroupManagementRequest.newAdd(clientId, server.getId(), callId, RaftGroup.valueOf(id, peers), false)));
    }

    private static void check(RaftClientReply reply) throws IOException {
        if (!reply.isSuccess()) {
            throw reply.getException();
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

    /// Closes the server. A failed one may never manage to; then this gives up, and the process cannot go on
    /// with it.
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
        peers.forEach(peer -> peer.machine().failAll("the raft server was closed meanwhile"));
        if (closer.isAlive()) {
            throw new IOException("the raft server could not be closed within %d s; restart the node"
                    .formatted(TimeUnit.MILLISECONDS.toSeconds(CLOSE_TIMEOUT_MS)));
        }
    }
}
