package io.millrace.faults.stage;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Gives each node of a run its place and its settings.
///
/// Threading: the thread that breaks things.
final class NodeMaker {
    private static final int HTTP_PORT = 1109;
    private static final int RAFT_PORT = 1108;

    private final Path folder;
    private final Set<Need> uses;
    private final Setup setup;
    private final String token;
    private final Hardware hardware;
    private final @Nullable Network network;
    private final @Nullable Certificates certificates;
    private final List<Place> places = new ArrayList<>();

    /// @param token that nodes ask for; empty for none
    /// @param network null when there is only the machine's own
    NodeMaker(
            Path folder,
            Set<Need> uses,
            Setup setup,
            String token,
            Hardware hardware,
            @Nullable Network network,
            @Nullable Certificates certificates) {
        this.folder = folder;
        this.uses = Set.copyOf(uses);
        this.setup = setup;
        this.token = token;
        this.hardware = hardware;
        this.network = network;
        this.certificates = certificates;
    }

    private record Place(String scheme, String host, int httpPort, int raftPort) {
        URI address() {
            return URI.create(scheme + "://" + host + ":" + httpPort);
        }
    }

    /// Nodes that make a cluster together.
    List<RealNode> make(int count) throws IOException, InterruptedException {
        for (int i = 0; i < count; i++) {
            places.add(makePlace(i));
        }
        makeCertificates(0, count);
        List<RealNode> nodes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            nodes.add(makeNode(i, count == 1 ? alone(places.get(i)) : formedWith(i)));
        }
        return nodes;
    }

    /// One more node, which joins.
    ///
    /// @param member address of a node of the cluster
    RealNode makeJoining(URI member) throws IOException, InterruptedException {
        int index = places.size();
        places.add(makePlace(index));
        makeCertificates(index, index + 1);
        return makeNode(index, joining(index, member));
    }

    /// For nodes from one index on, to another one exclusive, whose places are known.
    private void makeCertificates(int from, int to) throws IOException, InterruptedException {
        if (certificates != null) {
            certificates.make(
                    IntStream.range(from, to).mapToObj(NodeMaker::nameOf).toList(),
                    places.subList(from, to).stream()
                            .map(Place::host)
                            .distinct()
                            .toList());
        }
    }

    private Place makePlace(int index) throws IOException, InterruptedException {
        String scheme = setup.tls() ? "https" : "http";
        if (network == null) {
            return new Place(scheme, "127.0.0.1", freePort(), freePort());
        }
        network.add();
        return new Place(scheme, Network.host(index + 1), HTTP_PORT, RAFT_PORT);
    }

    private static List<String> alone(Place place) {
        return List.of("--cluster.node-id", nameOf(0), "--raft.port", String.valueOf(place.raftPort()));
    }

    /// Settings of a node that makes a cluster together with all others.
    private List<String> formedWith(int index) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            all.add("%s=%s:%d/%d".formatted(nameOf(i), place.host(), place.raftPort(), place.httpPort()));
        }
        return List.of("--cluster.node-id", nameOf(index), "--cluster.nodes", String.join(",", all));
    }

    /// Settings of a node that joins.
    private List<String> joining(int index, URI member) {
        return List.of(
                "--cluster.node-id",
                nameOf(index),
                "--cluster.join",
                member.toString(),
                "--raft.port",
                String.valueOf(places.get(index).raftPort()));
    }

    private static String nameOf(int index) {
        return "n" + (index + 1);
    }

    private RealNode makeNode(int index, List<String> own) throws IOException, InterruptedException {
        String name = nameOf(index);
        Place place = places.get(index);
        Path parent = folder;
        if (uses.contains(Need.DISK)) {
            parent = hardware.makeDisk(index, name);
        }
        Path dataFolder = parent.resolve(name);
        List<String> settings = new ArrayList<>(List.of(
                "--host",
                place.host(),
                "--port",
                String.valueOf(place.httpPort()),
                "--data-dir",
                dataFolder.toString(),
                // small, so that files are sealed and logs are cut short within a run
                "--raft.snapshot-bytes",
                "4194304",
                "--log.segment-bytes-max",
                "1048576",
                "--log.free-bytes-min",
                "67108864"));
        settings.addAll(own);
        if (setup.groups() > 1) {
            settings.addAll(List.of("--raft.groups", String.valueOf(setup.groups())));
        }
        if (setup.isPlaced()) {
            settings.addAll(List.of("--raft.replication-factor", String.valueOf(setup.replicationFactor())));
        }
        if (certificates != null) {
            settings.addAll(certificates.settings(name));
        }
        Map<String, String> environment = new HashMap<>();
        if (!token.isEmpty()) {
            settings.addAll(List.of("--tokens", token));
        }
        if (uses.contains(Need.CLOCK)) {
            environment.putAll(hardware.makeClock(index, name));
        }
        return new RealNode(
                name,
                place.address(),
                dataFolder,
                folder.resolve(name + ".log"),
                network == null ? List.of() : network.enter(index + 1),
                settings,
                environment);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
