package io.millrace.http.node;

import io.millrace.http.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/// Nodes `n1`, `n2` … of one cluster in this process.
final class TestCluster implements AutoCloseable {
    /// Elections and joining take seconds on a busy machine.
    static final long PATIENCE_S = 90;

    private final Path folder;
    private final Map<String, int[]> ports = new LinkedHashMap<>();
    private final Map<String, Node> running = new TreeMap<>();

    /// Chooses ports for nodes; none is started.
    TestCluster(Path folder, int count) throws IOException {
        this.folder = folder;
        List<ServerSocket> sockets = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            int[] pair = new int[2];
            for (int j = 0; j < 2; j++) {
                ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                sockets.add(socket);
                pair[j] = socket.getLocalPort();
            }
            ports.put("n" + i, pair);
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
    }

    private String nodes() {
        List<String> places = new ArrayList<>();
        ports.forEach((id, pair) -> places.add("%s=127.0.0.1:%d/%d".formatted(id, pair[0], pair[1])));
        return String.join(",", places);
    }

    Node start(String id, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("cluster.node-id", id, "cluster.nodes", nodes()));
        int[] pair = Objects.requireNonNull(ports.get(id), id);
        all.addAll(List.of("port", Integer.toString(pair[1])));
        all.addAll(List.of(options));
        Node node = TestNodes.start(folder.resolve(id), all.toArray(String[]::new));
        running.put(id, node);
        return node;
    }

    void startAll() throws IOException {
        for (String id : ports.keySet()) {
            start(id);
        }
        awaitReady();
    }

    void awaitReady() {
        running.forEach(
                (id, node) -> TestNodes.await(TestCluster.PATIENCE_S, id + " is ready", () -> status(node) == 200));
    }

    static int status(Node node) {
        try {
            return Wire.call(node.address(), "GET /ready", "").status();
        } catch (IOException gone) {
            return 0;
        }
    }

    Node node(String id) {
        Node node = running.get(id);
        if (node == null) {
            throw new IllegalArgumentException(id + " does not run");
        }
        return node;
    }

    URI address(String id) {
        return node(id).address();
    }

    void stop(String id) {
        Node node = running.remove(id);
        if (node != null) {
            node.close();
        }
    }

    /// The id of the node that says it leads.
    Optional<String> leader() {
        for (Map.Entry<String, Node> entry : running.entrySet()) {
            try {
                String body =
                        Wire.call(entry.getValue().address(), "GET /ready", "").body();
                if (body.contains("\"role\":\"leader\"") && body.startsWith("{\"ok\":true")) {
                    return Optional.of(entry.getKey());
                }
            } catch (IOException gone) {
                // asked next
            }
        }
        return Optional.empty();
    }

    String awaitLeader() {
        TestNodes.await(TestCluster.PATIENCE_S, "somebody leads", () -> leader().isPresent());
        return leader().orElseThrow();
    }

    String aFollower() {
        String leader = awaitLeader();
        return running.keySet().stream()
                .filter(id -> !id.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        List.copyOf(running.keySet()).forEach(this::stop);
    }
}
