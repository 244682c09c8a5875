package io.millrace.http.node;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Who this node is and whom it starts with.
///
/// @param nodes by node id, in the order that was given; empty for a node by itself
/// @param join a member of the cluster to join; null to start with `nodes`
/// @param token shown to other nodes; empty for none
record ClusterSettings(
        String nodeId, Map<String, Place> nodes, @Nullable URI join, String token) {
    private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern NODE =
            Pattern.compile("([^=]+)=(\\[[0-9a-fA-F:.]+\\]|[^:/\\[\\]\\s]+):([0-9]{1,5})(?:/([0-9]{1,5}))?");
    private static final Pattern AYDER_NODE = Pattern.compile("([^:]+):([^:]+):([0-9]{1,5})(?::-?[0-9]+)?");
    private static final int NODES_MAX = 7;
    private static final int PORT_MAX = 65_535;

    /// @param scheme of its HTTP server: `http` or `https`
    /// @param host name or address, IPv6 ones in brackets
    record Place(String scheme, String host, int raftPort, int httpPort) {
        String raftAddress() {
            return host + ":" + raftPort;
        }

        String httpAddress() {
            return scheme + "://" + host + ":" + httpPort;
        }

        /// The host as a socket takes it.
        String bareHost() {
            return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        }
    }

    ClusterSettings {
        nodes = Collections.unmodifiableMap(new LinkedHashMap<>(nodes));
    }

    /// Whether there are, or will be, other nodes.
    boolean clustered() {
        return nodes.size() > 1 || join != null;
    }

    /// This node in the list.
    @Nullable
    Place own() {
        return nodes.get(nodeId);
    }

    /// Reads `n1=127.0.0.1:7000/7001,n2=…`; without an HTTP port it is the Raft port + 1.
    ///
    /// @param scheme of all HTTP servers
    /// @throws UsageException it is malformed or contradicts itself
    static Map<String, Place> parseNodes(String text, String scheme) throws UsageException {
        Map<String, Place> nodes = new LinkedHashMap<>();
        Map<String, String> users = new HashMap<>();
        for (String entry : text.split(",")) {
            if (entry.isBlank()) {
                continue;
            }
            Matcher match = NODE.matcher(entry.strip());
            if (!match.matches()) {
                throw new UsageException(
                        "Setting cluster.nodes: '%s' is not ID=HOST:RAFT-PORT/HTTP-PORT, such as n1=127.0.0.1:7000/7001."
                                .formatted(entry.strip()));
            }
            String id = checkId(match.group(1).strip());
            int raftPort = port(match.group(3), id);
            int httpPort = match.group(4) == null ? port(Integer.toString(raftPort + 1), id) : port(match.group(4), id);
            Place place = new Place(scheme, match.group(2), raftPort, httpPort);
            if (nodes.putIfAbsent(id, place) != null) {
                throw new UsageException("Setting cluster.nodes: node '%s' is there twice.".formatted(id));
            }
            for (int port : new int[] {raftPort, httpPort}) {
                String socket = place.host() + ":" + port;
                String other = users.putIfAbsent(socket, id);
                if (other != null) {
                    throw new UsageException(
                            other.equals(id)
                                    ? "Setting cluster.nodes: node '%s' has port %d for both Raft and HTTP."
                                            .formatted(id, port)
                                    : "Setting cluster.nodes: nodes '%s' and '%s' both use %s."
                                            .formatted(other, id, socket));
                }
            }
        }
        if (nodes.size() > NODES_MAX) {
            throw new UsageException(
                    "Setting cluster.nodes: a cluster has up to %d nodes, not %d.".formatted(NODES_MAX, nodes.size()));
        }
        return nodes;
    }

    static String checkId(String id) throws UsageException {
        if (!NODE_ID.matcher(id).matches()) {
            throw new UsageException("A node id has 1 to 64 of A-Z a-z 0-9 . _ -; this one is '%s'.".formatted(id));
        }
        return id;
    }

    private static int port(String text, String id) throws UsageException {
        int port = Integer.parseInt(text);
        if (port < 1 || port > PORT_MAX) {
            throw new UsageException(
                    "Setting cluster.nodes: node '%s' has port %d; ports are 1 to %d.".formatted(id, port, PORT_MAX));
        }
        return port;
    }

    /// Reads an address of another node.
    ///
    /// @throws UsageException it is not `http://HOST:PORT` or `https://HOST:PORT`
    static URI parseAddress(Setting setting, String text) throws UsageException {
        try {
            URI address = URI.create(text.strip());
            String scheme = address.getScheme();
            if (("http".equals(scheme) || "https".equals(scheme))
                    && address.getHost() != null
                    && address.getPort() > 0) {
                return URI.create(scheme + "://" + address.getRawAuthority());
            }
        } catch (IllegalArgumentException malformed) {
            throw notAnAddress(setting, text);
        }
        throw notAnAddress(setting, text);
    }

    private static UsageException notAnAddress(Setting setting, String text) {
        return new UsageException(
                "Setting %s must be http://HOST:PORT or https://HOST:PORT, not '%s'.".formatted(setting.key(), text));
    }

    /// Ayder's `RF_HA_NODES`, `ID:HOST:RAFT-PORT[:PRIORITY],…`, in our words. Priorities are dropped: any node
    /// may lead.
    ///
    /// @throws UsageException it is malformed
    static String ofAyder(String text) throws UsageException {
        List<String> nodes = new ArrayList<>();
        for (String entry : text.split(",")) {
            if (entry.isBlank()) {
                continue;
            }
            Matcher match = AYDER_NODE.matcher(entry.strip());
            if (!match.matches()) {
                throw new UsageException(
                        "RF_HA_NODES: '%s' is not ID:HOST:RAFT-PORT[:PRIORITY], such as node1:127.0.0.1:7000:100."
                                .formatted(entry.strip()));
            }
            int raftPort = Integer.parseInt(match.group(3));
            nodes.add("%s=%s:%d/%d".formatted(match.group(1), match.group(2), raftPort, raftPort + 1));
        }
        return String.join(",", nodes);
    }

    /// Ayder's `RF_HA_WRITE_CONCERN`, `1` to the number of nodes, as the acknowledgement that promises as much
    /// or more.
    ///
    /// @throws UsageException it is none of these
    static String acknowledgement(String concern, int nodes) throws UsageException {
        String word = concern.strip();
        switch (word) {
            case "quorum", "all" -> {
                return word;
            }
            default -> {
                int count;
                try {
                    count = Integer.parseInt(word);
                } catch (NumberFormatException notANumber) {
                    count = 0;
                }
                if (count < 1 || count > Math.max(1, nodes)) {
                    throw new UsageException("RF_HA_WRITE_CONCERN must be 1 to %d, quorum or all, not '%s'."
                            .formatted(Math.max(1, nodes), concern));
                }
                int quorum = nodes / 2 + 1;
                return count == 1 && nodes > 1 ? "leader" : count <= quorum ? "quorum" : "all";
            }
        }
    }
}
