package io.millrace.shell.cluster;

import io.millrace.client.ClusterDescription;
import io.millrace.client.Health;
import io.millrace.client.MillraceClient;
import io.millrace.client.MillraceException;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Nodes `n1`, `n2` … on this machine, described by `cluster.properties` in their folder.
///
/// The first nodes are started with each other's addresses; those that came later are told to join.
public final class LocalCluster {
    public static final int NODES_MAX = 7;
    /// Between the ports of two nodes.
    public static final int PORT_STEP = 1000;

    private static final String FILE = "cluster.properties";
    private static final int CERTIFICATE_DAYS = 365;
    private static final long STOP_TIMEOUT_S = 30;
    private static final long POLL_MS = 100;

    private final Path folder;
    private final String launcher;
    private final int basePort;
    private final int first;
    private final boolean tls;
    private final Map<String, String> settings;
    private final List<LocalNode> nodes = new ArrayList<>();

    private LocalCluster(
            Path folder,
            String launcher,
            int basePort,
            int first,
            int count,
            boolean tls,
            Map<String, String> settings) {
        this.tls = tls;
        this.folder = folder;
        this.launcher = launcher;
        this.basePort = basePort;
        this.first = first;
        this.settings = new TreeMap<>(settings);
        for (int number = 1; number <= count; number++) {
            nodes.add(node(number));
        }
    }

    /// Describes a new cluster in a folder. Nothing is started.
    ///
    /// @param tls whether everything is encrypted; then the folder gets an authority and certificates
    public static LocalCluster make(
            Path folder, String launcher, int count, int basePort, boolean tls, Map<String, String> settings)
            throws IOException, InterruptedException {
        LocalCluster cluster = new LocalCluster(folder, launcher, basePort, count, count, tls, settings);
        Files.createDirectories(folder);
        cluster.makeCertificates();
        cluster.save();
        return cluster;
    }

    /// The cluster in a folder; empty when there is none.
    public static Optional<LocalCluster> open(Path folder, String launcher) throws IOException {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties properties = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            properties.load(in);
        }
        Map<String, String> settings = new LinkedHashMap<>();
        for (String name : properties.stringPropertyNames()) {
            if (name.startsWith("set.")) {
                settings.put(name.substring("set.".length()), properties.getProperty(name));
            }
        }
        try {
            return Optional.of(new LocalCluster(
                    folder,
                    launcher,
                    Integer.parseInt(properties.getProperty("base-port", "")),
                    Integer.parseInt(properties.getProperty("first-nodes", "")),
                    Integer.parseInt(properties.getProperty("nodes", "")),
                    Boolean.parseBoolean(properties.getProperty("tls", "false")),
                    settings));
        } catch (NumberFormatException malformed) {
            throw new IOException(file + " does not describe a cluster; remove the folder to begin anew", malformed);
        }
    }

    private void save() throws IOException {
        Properties properties = new Properties();
        properties.setProperty("base-port", Integer.toString(basePort));
        properties.setProperty("first-nodes", Integer.toString(first));
        properties.setProperty("nodes", Integer.toString(nodes.size()));
        properties.setProperty("tls", Boolean.toString(tls));
        settings.forEach((key, value) -> properties.setProperty("set." + key, value));
        try (Writer out = Files.newBufferedWriter(folder.resolve(FILE))) {
            properties.store(out, "made by millrace cluster");
        }
    }

    private Path certificates() {
        return folder.resolve("certs").toAbsolutePath().normalize();
    }

    /// The authority that signed the nodes' certificates; empty without encryption.
    public Optional<Path> authority() {
        return tls ? Optional.of(DevelopmentCertificates.authority(certificates())) : Optional.empty();
    }

    private void makeCertificates() throws IOException, InterruptedException {
        if (tls) {
            List<String> ids = nodes.stream().map(LocalNode::id).toList();
            DevelopmentCertificates.make(certificates(), ids, List.of(), CERTIFICATE_DAYS, false);
        }
    }

    private URI http(int number) {
        return URI.create((tls ? "https" : "http") + "://127.0.0.1:" + (raftPort(number) + 1));
    }

    private int raftPort(int number) {
        return basePort + (number - 1) * PORT_STEP;
    }

    private LocalNode node(int number) {
        String id = "n" + number;
        List<String> options = new ArrayList<>(List.of("--cluster.node-id", id));
        if (number <= first) {
            List<String> places = new ArrayList<>();
            for (int other = 1; other <= first; other++) {
                places.add("n%d=127.0.0.1:%d/%d".formatted(other, raftPort(other), raftPort(other) + 1));
            }
            options.addAll(List.of("--cluster.nodes", String.join(",", places)));
        } else {
            options.addAll(List.of(
                    "--port",
                    Integer.toString(raftPort(number) + 1),
                    "--raft.port",
                    Integer.toString(raftPort(number)),
                    "--cluster.join",
                    http(1).toString()));
        }
        if (tls) {
            options.addAll(List.of(
                    "--tls.cert",
                            DevelopmentCertificates.certificate(certificates(), id)
                                    .toString(),
                    "--tls.key", DevelopmentCertificates.key(certificates(), id).toString(),
                    "--tls.ca",
                            DevelopmentCertificates.authority(certificates()).toString(),
                    "--cluster.tls", "true")); // one node by itself too: others may join it
        }
        settings.forEach((key, value) -> {
            options.add("--" + key);
            options.add(value);
        });
        return new LocalNode(id, folder.resolve(id), http(number), launcher, options);
    }

    /// Describes one more node.
    public LocalNode add() throws IOException, InterruptedException {
        LocalNode node = node(nodes.size() + 1);
        nodes.add(node);
        makeCertificates();
        save();
        return node;
    }

    public List<LocalNode> nodes() {
        return List.copyOf(nodes);
    }

    public Optional<LocalNode> node(String id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst();
    }

    /// Waits until all nodes are ready.
    ///
    /// @param say takes what it waits for, when that changes
    /// @return false when the time is over or a node has ended; it was said why
    public boolean awaitReady(Duration within, Consumer<String> say) throws InterruptedException {
        return awaitReady(nodes, within, say);
    }

    /// The same for some nodes.
    public boolean awaitReady(List<LocalNode> awaited, Duration within, Consumer<String> say)
            throws InterruptedException {
        long deadline = System.nanoTime() + within.toNanos();
        for (LocalNode node : awaited) {
            String said = "";
            while (true) {
                String reason = notReady(node, Duration.ofSeconds(5));
                if (reason.isEmpty()) {
                    break;
                }
                if (!node.isRunning()) {
                    say.accept(node.id() + " has ended. Its log, " + node.log() + ", ends with:");
                    node.lastWords(10).forEach(say);
                    return false;
                }
                if (System.nanoTime() > deadline) {
                    say.accept(node.id() + " is not ready: " + reason);
                    return false;
                }
                if (!reason.equals(said) && !reason.startsWith("Cannot connect")) {
                    say.accept(node.id() + ": " + reason);
                    said = reason;
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MS);
            }
        }
        return true;
    }

    private MillraceClient client(LocalNode node, Duration within) {
        MillraceClient.Builder builder = MillraceClient.builder()
                .nodes(List.of(node.http()))
                .connectTimeout(within)
                .answerTimeout(within)
                .retryFor(Duration.ZERO);
        authority().ifPresent(builder::trust);
        return builder.build();
    }

    /// Why a node is not ready; empty when it is.
    private String notReady(LocalNode node, Duration within) {
        try (MillraceClient client = client(node, within)) {
            Health health = client.health();
            return health.ready() ? "" : String.join("; ", health.reasons());
        } catch (MillraceException unanswered) {
            return String.valueOf(unanswered.getMessage());
        }
    }

    /// The nodes as a table: process, role, how far, readiness.
    public List<String> table(Duration within) {
        Map<String, String> lags = new TreeMap<>();
        Map<String, ClusterDescription> views = new TreeMap<>();
        for (LocalNode node : nodes) {
            if (!node.isRunning()) {
                continue;
            }
            try (MillraceClient client = client(node, within)) {
                ClusterDescription view = client.cluster();
                views.put(node.id(), view);
                if (view.role().equals("leader")) {
                    view.members()
                            .forEach(member ->
                                    member.lag().ifPresent(lag -> lags.put(member.node(), Long.toString(lag))));
                }
            } catch (MillraceException unanswered) {
                // the last column says it
            }
        }
        List<String> lines = new ArrayList<>();
        String row = "%-5s %-" + (tls ? 23 : 22) + "s %-10s %-10s %8s %10s %6s  %s"; // https:// is longer
        lines.add(row.formatted("node", "http", "process", "role", "term", "applied", "lag", "state"));
        for (LocalNode node : nodes) {
            ClusterDescription view = views.get(node.id());
            Optional<ProcessHandle> process = node.process();
            String problem = process.isEmpty() ? "stopped" : notReady(node, within);
            lines.add(row.formatted(
                    node.id(),
                    node.http(),
                    process.map(running -> Long.toString(running.pid())).orElse("-"),
                    view == null ? "-" : view.role(),
                    view == null ? "-" : view.term(),
                    view == null ? "-" : view.appliedIndex(),
                    lags.getOrDefault(node.id(), "-"),
                    problem.isEmpty() ? "ready" : problem));
        }
        return lines;
    }

    /// Stops nodes, all at the same time.
    ///
    /// @return whether all stopped in time
    public boolean stop(List<LocalNode> stopped, Consumer<String> say) throws InterruptedException {
        Map<LocalNode, ProcessHandle> running = new LinkedHashMap<>();
        for (LocalNode node : stopped) {
            node.process()
                    .ifPresentOrElse(
                            process -> running.put(node, process), () -> say.accept(node.id() + " did not run."));
        }
        running.values().forEach(ProcessHandle::destroy);
        boolean all = true;
        for (Map.Entry<LocalNode, ProcessHandle> entry : running.entrySet()) {
            boolean ended = entry.getKey().stop(entry.getValue(), STOP_TIMEOUT_S);
            all &= ended;
            say.accept(entry.getKey().id()
                    + (ended
                            ? " has stopped."
                            : " did not stop within " + STOP_TIMEOUT_S + " s; 'millrace cluster kill "
                                    + entry.getKey().id() + "' ends it."));
        }
        return all;
    }
}
