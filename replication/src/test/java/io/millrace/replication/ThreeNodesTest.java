package io.millrace.replication;

import static io.millrace.replication.Nodes.get;
import static io.millrace.replication.Nodes.partitions;
import static io.millrace.replication.Nodes.records;
import static io.millrace.replication.Nodes.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.log.disk.LocalDisk;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.ReplicationSettings.Peer;
import io.millrace.replication.partition.GroupLogs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes in one process: they elect, replicate, and survive the loss of their leader.
class ThreeNodesTest {
    @TempDir
    Path folder;

    private final List<Peer> peers = new ArrayList<>();
    private final Map<String, ReplicatedLog> nodes = new TreeMap<>();

    @BeforeEach
    void start() throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            sockets.add(socket);
            peers.add(new Peer("n" + i, "127.0.0.1:" + socket.getLocalPort()));
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        for (Peer peer : peers) {
            open(peer.id());
        }
    }

    @AfterEach
    void stop() {
        nodes.values().forEach(ReplicatedLog::close);
    }

    private void open(String id) throws IOException {
        ReplicationSettings node = Nodes.settings(folder.resolve(id));
        nodes.put(
                id,
                ReplicatedLogs.open(
                        new ReplicationSettings(
                                id,
                                peers,
                                node.dataFolder(),
                                1,
                                node.log(),
                                node.entryBytesMax(),
                                node.pendingBytesMax(),
                                node.snapshotBytes(),
                                node.snapshotInterval(),
                                0,
                                node.idempotencyWindow(),
                                node.idempotencyKeysMax(),
                                node.requestTimeout()),
                        new LocalDisk(),
                        InstantSource.system()));
    }

    private String leader() {
        Nodes.await("a leader", () -> leading().isPresent());
        return leading().orElseThrow();
    }

    private ReplicatedLog node(String id) {
        return Objects.requireNonNull(nodes.get(id));
    }

    private Optional<String> leading() {
        return nodes.entrySet().stream()
                .filter(node -> node.getValue().leads("t", 0))
                .map(Map.Entry::getKey)
                .findAny();
    }

    /// Appends through whoever leads; tries again until it is in.
    private void append(String value) throws Exception {
        for (int attempt = 0; attempt < 100; attempt++) {
            AppendRequest request =
                    new AppendRequest("t", 0, records(value), Acknowledgement.QUORUM, value, 1, -1, null);
            try {
                AppendOutcome outcome = get(node(leader()).append(request));
                if (outcome instanceof AppendOutcome.Appended || outcome instanceof AppendOutcome.Duplicate) {
                    return;
                }
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(OutcomeUnknownException.class);
            }
        }
        throw new AssertionError("could not append " + value);
    }

    private void awaitEverywhere(List<String> expected) {
        nodes.forEach((id, node) -> Nodes.await(id + " has everything", () -> {
            try {
                return node.topic("t").isPresent()
                        && values(node.partition("t", 0)).equals(expected);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }));
    }

    @Test
    void theyReplicateAndSurviveTheLossOfTheirLeader() throws Exception {
        String first = leader();
        assertThat(get(node(first).createTopic("t", partitions(1)))).isInstanceOf(TopicOutcome.Done.class);
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            append("before " + i);
            sent.add("before " + i);
        }
        awaitEverywhere(sent);
        for (Map.Entry<String, ReplicatedLog> node : nodes.entrySet()) {
            if (!node.getKey().equals(first)) {
                assertThat(get(node.getValue().append(AppendRequest.of("t", 0, records("x")))))
                        .isEqualTo(new AppendOutcome.NotLeader(first));
                assertThat(node.getValue().leader("t", 0)).contains(first);
                assertThat(node.getValue().health().role()).isEqualTo("follower");
            }
        }
        assertThat(get(node(first)
                        .append(new AppendRequest(
                                "t", 0, records("everywhere"), Acknowledgement.ALL, null, 0, -1, null))))
                .isInstanceOf(AppendOutcome.Appended.class);
        sent.add("everywhere");

        ReplicatedLog lost = Objects.requireNonNull(nodes.remove(first));
        GroupLogs.abandon(lost);
        for (int i = 0; i < 50; i++) {
            append("after " + i);
            sent.add("after " + i);
        }
        assertThat(leader()).isNotEqualTo(first);
        awaitEverywhere(sent);

        open(first);
        awaitEverywhere(sent);
        append("all together");
        sent.add("all together");
        awaitEverywhere(sent);
    }
}
