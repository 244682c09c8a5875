package io.millrace.http.node;

import io.millrace.http.admin.AdminRoutes;
import io.millrace.http.auth.Tokens;
import io.millrace.http.cluster.ClusterRoutes;
import io.millrace.http.cluster.Identity;
import io.millrace.http.cluster.Leadership;
import io.millrace.http.cluster.Peers;
import io.millrace.http.cluster.RemoteCopies;
import io.millrace.http.ingest.IngestSettings;
import io.millrace.http.ingest.ProduceRoutes;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.query.QueryRoutes;
import io.millrace.http.route.Route;
import io.millrace.http.route.RouteTable;
import io.millrace.http.server.HttpServer;
import io.millrace.http.server.ServerSettings;
import io.millrace.http.subscribe.SubscribeRoutes;
import io.millrace.http.subscribe.SubscribeSettings;
import io.millrace.http.tls.ClientAuthentication;
import io.millrace.http.tls.NodeCertificates;
import io.millrace.http.tls.TlsFiles;
import io.millrace.log.CorruptLogException;
import io.millrace.log.LogSettings;
import io.millrace.log.disk.Disk;
import io.millrace.log.disk.LocalDisk;
import io.millrace.query.CheckpointFolder;
import io.millrace.query.EngineSettings;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
import io.millrace.replication.AppendRequest.Acknowledgement;
import io.millrace.replication.CopyRates;
import io.millrace.replication.DamagedReplicaException;
import io.millrace.replication.GroupLayout;
import io.millrace.replication.Member;
import io.millrace.replication.MembershipOutcome;
import io.millrace.replication.NodeIdentity;
import io.millrace.replication.NodeTls;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.ReplicatedLogs;
import io.millrace.replication.ReplicationSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node: the replicated log, the query engine and the HTTP server, joined.
///
/// ```
/// port open ─▶ part of a cluster? ─▶ log open ─▶ engine ─▶ all routes
///  (health,     (asks the others)                            (ready says
///   identity)                                                 what is missing)
/// ```
public final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final int ANSWER_BYTES_MAX = 8 << 20;
    /// Handing leadership over must not keep a node from stopping.
    private static final long HAND_OVER_MS = 3000;
    private static final long STARTER_STOP_MS = 10_000;
    private static final long REOPEN_PAUSE_MS = 2000;
    private static final String ONLY_REPLICA =
            ". With raft.replication-factor 1 no other node has the records of the groups that are here, so the folder is not set aside. Restore it; or empty it, which gives these records up.";

    private final Settings settings;
    private final ClusterSettings cluster;
    private final Path folder;
    private final Disk disk = new LocalDisk();
    private final DataFolderLock lock;
    private final @Nullable NodeCertificates certificates;
    private final Peers peers;
    private final Metrics metrics = new Metrics();
    private final Bootstrap bootstrap = new Bootstrap();
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final HttpServer server;
    private final URI address;
    private final Object opening = new Object();
    private final Object identityLock = new Object();
    private @Nullable ReplicatedLog log; // guarded by opening
    /// The same for readers that cannot wait: opening takes seconds.
    private volatile @Nullable ReplicatedLog visibleLog;
    private @Nullable QueryEngine engine; // guarded by opening
    private volatile @Nullable Thread starter;

    private Node(
            Settings settings, Tokens tokens, @Nullable NodeCertificates certificates, Path folder, DataFolderLock lock)
            throws IOException, UsageException {
        this.settings = settings;
        this.cluster = settings.cluster();
        this.folder = folder;
        this.lock = lock;
        this.certificates = certificates;
        this.peers = new Peers(cluster.token(), certificates == null ? null : certificates.clientContext());
        this.server = new HttpServer(server(settings), bootstrap.routes(this::identity), tokens, metrics, certificates);
        if (certificates != null) {
            metrics.gauge(
                    "tls_certificate_seconds_left", "Until this node's certificate expires", certificates::secondsLeft);
            metrics.gauge(
                    "tls_replacements", "Times that key or certificates were replaced", certificates::replacements);
        }
        InetSocketAddress listening = server.start();
        this.address = address(settings.scheme(), settings.text(Setting.HOST), listening.getPort());
    }

    /// Starts a node by itself, which acknowledges records when this returns; or one of several, which goes on
    /// to find the others: see [#started].
    ///
    /// @param options settings by key, as on the command line; all others have their defaults
    /// @throws IOException the data folder or the port is in use, or the disk failed
    public static Node start(Map<String, String> options) throws IOException {
        List<String> arguments = new ArrayList<>();
        options.forEach((key, value) -> {
            arguments.add("--" + key);
            arguments.add(value);
        });
        try {
            return start(Settings.read(arguments, Map.of()));
        } catch (UsageException mistake) {
            throw new IllegalArgumentException(mistake.getMessage(), mistake);
        }
    }

    static Node start(Settings settings) throws IOException, UsageException {
        Tokens tokens = tokens(settings);
        Path folder = Path.of(settings.text(Setting.DATA_DIR)).toAbsolutePath().normalize();
        NodeCertificates certificates = certificates(settings);
        DataFolderLock lock = null;
        Node node;
        try {
            lock = DataFolderLock.take(folder);
            node = new Node(settings, tokens, certificates, folder, lock);
        } catch (IOException | RuntimeException | Error | UsageException failure) {
            if (lock != null) {
                lock.close();
            }
            if (certificates != null) {
                certificates.close();
            }
            throw failure;
        }
        try {
            if (node.cluster.clustered()) {
                node.starter =
                        Thread.ofPlatform().name("node-start").daemon().start(() -> node.startAmongOthers(List.of()));
            } else {
                node.startAlone();
            }
            return node;
        } catch (IOException | RuntimeException | Error | UsageException failure) {
            node.stop();
            throw failure;
        }
    }

    /// A node by itself, or one that others have joined since.
    private void startAlone() throws IOException, UsageException {
        try {
            Member self = self("");
            open(self, List.of(self));
            serve();
        } catch (DamagedReplicaException damage) {
            List<String> members = setAside(damage);
            starter = Thread.ofPlatform().name("node-start").daemon().start(() -> startAmongOthers(members));
        }
    }

    /// Completes when the log is open and all routes are served; whether the node is ready then says `/ready`.
    /// Exceptionally when it cannot be: the node should be closed then.
    public CompletableFuture<Void> started() {
        return started.copy();
    }

    // ---- becoming part of a cluster
    // -------------------------------------------------------------------------------------

    private Member self(String directoryId) {
        String http = settings.text(Setting.HTTP_ADDRESS).strip();
        String raftHost = settings.text(Setting.RAFT_HOST);
        return new Member(
                cluster.nodeId(),
                directoryId,
                (raftHost.indexOf(':') >= 0 ? "[" + raftHost + "]" : raftHost) + ":"
                        + settings.integer(Setting.RAFT_PORT),
                http.isEmpty() ? address.toString() : http);
    }

    /// Who the folder belongs to. Reading makes an identity for a fresh folder: only one reader may do that, or
    /// another node would be told an identity that is then replaced.
    private NodeIdentity folderIdentity() throws IOException {
        synchronized (identityLock) {
            try {
                return NodeIdentity.of(disk, folder, cluster.nodeId());
            } catch (CorruptLogException unreadable) {
                throw new DamagedReplicaException(String.valueOf(unreadable.getMessage()), unreadable);
            }
        }
    }

    /// What this node says of itself: from its log when that is open, else from its folder.
    private Identity identity() {
        NodeIdentity known;
        try {
            known = folderIdentity();
        } catch (IOException unreadable) {
            throw new java.io.UncheckedIOException(unreadable);
        }
        List<String> nodes = List.copyOf(cluster.nodes().keySet());
        ReplicatedLog open = visibleLog;
        if (open == null) {
            return new Identity(
                    self(known.directoryId()),
                    known.formed(),
                    nodes,
                    known.formed() ? known.members() : List.of(),
                    layout());
        }
        return new Identity(
                open.cluster().self(),
                known.formed(),
                nodes,
                known.formed() ? open.cluster().view().members() : List.of(),
                open.layout());
    }

    private GroupLayout layout() {
        return new GroupLayout(
                (int) settings.integer(Setting.RAFT_GROUPS), settings.integer(Setting.REPLICATION_FACTOR) > 0);
    }

    /// Becomes part of the cluster, if need be as a new node that gets everything from the others.
    ///
    /// @param through HTTP addresses of members to join; empty to find out
    private void startAmongOthers(List<String> through) {
        List<String> members = through;
        while (true) {
            try {
                becomePart(members);
                return;
            } catch (DamagedReplicaException damage) {
                try {
                    members = setAside(damage);
                } catch (IOException | RuntimeException | Error | UsageException hopeless) {
                    started.completeExceptionally(hopeless);
                    return;
                }
            } catch (InterruptedException stopped) {
                started.completeExceptionally(new IOException("the node was stopped while it started", stopped));
                return;
            } catch (IOException | RuntimeException | Error | UsageException failure) {
                started.completeExceptionally(failure);
                return;
            }
        }
    }

    private void becomePart(List<String> through) throws IOException, UsageException, InterruptedException {
        NodeIdentity known = folderIdentity();
        if (known.formed()) {
            open(self(known.directoryId()), configured(known));
            serve();
            return;
        }
        URI join = cluster.join();
        Formation.Step step = !through.isEmpty()
                ? new Formation.Step.Join(through.getFirst())
                : join == null ? form(known) : new Formation.Step.Join(join.toString());
        switch (step) {
            case Formation.Step.Form(List<Member> members) -> {
                LOG.atInfo()
                        .addKeyValue(
                                "members", members.stream().map(Member::peerId).toList())
                        .log("forming a cluster");
                open(self(known.directoryId()), members);
                serve();
                leadFirst();
            }
            case Formation.Step.Join(String first) -> {
                LOG.atInfo().addKeyValue("through", first).log("joining a cluster");
                open(self(known.directoryId()), List.of());
                Set<String> others = new LinkedHashSet<>(through);
                others.addAll(configuredAddresses());
                join(first, List.copyOf(others));
                serve();
            }
            case Formation.Step.Wait wait -> throw new IllegalStateException("waiting is no result");
        }
    }

    /// Keeps a damaged folder out of the way, so that this node comes back as a new one.
    ///
    /// @return addresses of members to join
    /// @throws IOException there is nobody to get the records from: the damage; or the folder could not be
    ///     set aside
    private List<String> setAside(DamagedReplicaException damage) throws IOException, UsageException {
        List<String> others = others();
        if (others.isEmpty()) {
            throw damage;
        }
        if (settings.integer(Setting.REPLICATION_FACTOR) == 1) { // what nobody else has is for a person to give up
            String said = String.valueOf(damage.getMessage());
            throw said.endsWith(ONLY_REPLICA) ? damage : new DamagedReplicaException(said + ONLY_REPLICA, damage);
        }
        Path kept;
        synchronized (opening) {
            closeLog();
            synchronized (identityLock) { // nobody may be told of the folder while it is half moved
                kept = ReplicatedLogs.setAside(folder, disk);
            }
        }
        LOG.atError()
                .addKeyValue("kept", kept)
                .addKeyValue("damage", damage.getMessage())
                .log("this replica is damaged; it is set aside, and everything is fetched from the other nodes");
        bootstrap.waitsFor(List.of("this replica was damaged and is fetched from the other nodes"));
        return others;
    }

    /// HTTP addresses of other nodes: those that the folder knows, and those that were configured.
    private List<String> others() {
        Set<String> addresses = new LinkedHashSet<>();
        try {
            folderIdentity().members().stream()
                    .filter(member -> !member.nodeId().equals(cluster.nodeId()))
                    .map(Member::httpAddress)
                    .filter(http -> !http.isEmpty())
                    .forEach(addresses::add);
        } catch (IOException damaged) {
            LOG.atWarn().setCause(damaged).log("the folder does not say who the other nodes are");
        }
        addresses.addAll(configuredAddresses());
        URI join = cluster.join();
        if (join != null) {
            addresses.add(join.toString());
        }
        return List.copyOf(addresses);
    }

    /// The log found damage while it runs: stop serving it, and begin again as a new node.
    private void damaged(String what) {
        if (others().isEmpty() || settings.integer(Setting.REPLICATION_FACTOR) == 1) {
            return; // alone there is nothing better than this replica; its health says what is wrong
        }
        handOver();
        leaveService("this replica is damaged (" + what + ") and is fetched from the other nodes");
        restart(() -> setAside(new DamagedReplicaException(what, new IOException(what))));
    }

    /// The log cannot go on: close it and open it again. What was acknowledged is there.
    private void failed(String what) {
        LOG.atError().addKeyValue("failure", what).log("the log has failed; it is closed and opened again");
        leaveService("the log has failed (" + what + ") and is opened again");
        restart(List::of);
    }

    private void leaveService(String why) {
        bootstrap.waitsFor(List.of(why));
        server.serve(bootstrap.routes(this::identity), node -> Optional.empty());
    }

    /// What comes before the log is opened again.
    private interface Preparation {
        /// @return addresses of members to join; empty to go on as the folder says
        List<String> prepare() throws IOException, UsageException;
    }

    private void restart(Preparation first) {
        synchronized (opening) {
            if (stopping.get()) {
                return;
            }
            starter = Thread.ofPlatform().name("node-restart").daemon().start(() -> reopen(first));
        }
    }

    /// Opens the log again until that succeeds; meanwhile `/ready` says why not.
    private void reopen(Preparation first) {
        Preparation preparation = first;
        while (!stopping.get()) {
            try {
                synchronized (opening) {
                    closeLog();
                }
                TimeUnit.MILLISECONDS.sleep(REOPEN_PAUSE_MS);
                List<String> through = preparation.prepare();
                preparation = () -> through;
                if (through.isEmpty() && !cluster.clustered()) {
                    Member self = self("");
                    open(self, List.of(self));
                    serve();
                } else {
                    becomePart(through);
                }
                return;
            } catch (InterruptedException stopped) {
                return;
            } catch (DamagedReplicaException damage) {
                say(damage);
                preparation = () -> setAside(damage);
            } catch (IOException | RuntimeException | UsageException failure) {
                say(failure);
            }
        }
    }

    private void say(Exception failure) {
        if (bootstrap.waitsFor(List.of("the log could not be opened: " + failure.getMessage() + "; trying again"))) {
            LOG.atError().setCause(failure).log("the log could not be opened again");
        }
    }

    /// Members that were configured; for a folder that has been formed only their addresses count.
    private List<Member> configured(NodeIdentity known) {
        List<Member> members = new ArrayList<>();
        cluster.nodes()
                .forEach((node, place) -> members.add(
                        node.equals(cluster.nodeId())
                                ? self(known.directoryId())
                                : new Member(node, "", place.raftAddress(), place.httpAddress())));
        return members;
    }

    /// Asks until it is clear what to do.
    private Formation.Step form(NodeIdentity known) throws InterruptedException {
        Map<String, String> others = new LinkedHashMap<>();
        cluster.nodes().forEach((node, place) -> {
            if (!node.equals(cluster.nodeId())) {
                others.put(node, place.httpAddress());
            }
        });
        Identity self = new Identity(
                self(known.directoryId()), false, List.copyOf(cluster.nodes().keySet()), List.of(), layout());
        Formation formation = new Formation(self, others, peers);
        while (true) {
            Formation.Step step = formation.ask();
            if (!(step instanceof Formation.Step.Wait(List<String> reasons))) {
                return step;
            }
            if (bootstrap.waitsFor(reasons)) {
                LOG.atInfo().log(String.join("; ", reasons));
            }
            pause();
        }
    }

    /// Asks members until this node has been added and has what they have.
    private void join(String through, List<String> others) throws InterruptedException {
        ReplicatedLog joining = opened();
        Joining asked = new Joining(joining.cluster().self(), joining.layout(), through, others, peers);
        boolean added = false;
        while (true) {
            List<String> problems;
            if (added) {
                problems = joining.health().problems();
                if (joining.health().ready()) {
                    return;
                }
            } else {
                Optional<String> problem = asked.ask();
                if (problem.isEmpty()) {
                    added = true;
                    continue;
                }
                problems = List.of(problem.get());
            }
            if (bootstrap.waitsFor(problems)) {
                LOG.atInfo().log(String.join("; ", problems));
            }
            pause();
        }
    }

    private List<String> configuredAddresses() {
        return cluster.nodes().entrySet().stream()
                .filter(node -> !node.getKey().equals(cluster.nodeId()))
                .map(node -> node.getValue().httpAddress())
                .toList();
    }

    private void pause() throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(200);
        if (stopping.get()) {
            throw new InterruptedException();
        }
    }

    /// Takes leadership once, when this node was chosen for it and another was elected.
    private void leadFirst() {
        if (!settings.text(Setting.FIRST_LEADER).equals(cluster.nodeId())) {
            return;
        }
        try {
            ReplicatedLog open = opened();
            for (int tries = 0; tries < 100 && !open.leads("", 0); tries++) {
                Optional<String> leader = open.leader("", 0);
                if (leader.isPresent()) {
                    Optional<String> where = addressOf(leader.get());
                    JsonBuffer body = new JsonBuffer()
                            .ascii("{\"node\":")
                            .string(cluster.nodeId())
                            .put('}');
                    if (where.isPresent()
                            && peers.ask(
                                                    "POST",
                                                    where.get(),
                                                    "/v1/cluster/leader",
                                                    body,
                                                    java.time.Duration.ofSeconds(10))
                                            .status()
                                    == 200) {
                        return;
                    }
                }
                pause();
            }
        } catch (IOException refused) {
            LOG.atWarn().setCause(refused).log("leadership could not be taken; another node leads");
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    // ---- opening
    // --------------------------------------------------------------------------------------------------------

    private void open(Member self, List<Member> members) throws IOException, UsageException {
        synchronized (opening) {
            if (stopping.get()) {
                throw new IOException("the node is stopping");
            }
            ReplicatedLog open = ReplicatedLogs.open(
                    replication(settings, folder)
                            .with(self, members)
                            .with(new CopyRates(
                                    settings.integer(Setting.COPY_BYTES), settings.integer(Setting.SCRUB_BYTES), (int)
                                            settings.integer(Setting.PARALLEL_TRANSFERS_MAX)))
                            .with((int) settings.integer(Setting.RAFT_GROUPS), (int)
                                    settings.integer(Setting.REPLICATION_FACTOR))
                            .with(nodeTls()),
                    disk,
                    InstantSource.system(),
                    new RemoteCopies(peers, self.nodeId()));
            log = open;
            visibleLog = open;
        }
    }

    private ReplicatedLog opened() {
        ReplicatedLog open = visibleLog;
        if (open == null) {
            throw new IllegalStateException("the log is not open");
        }
        return open;
    }

    /// Opens what stands on the log, and serves everything.
    private void serve() throws UsageException, IOException {
        QueryEngine opened;
        synchronized (opening) {
            if (stopping.get()) {
                throw new IOException("the node is stopping");
            }
            ReplicatedLog open = opened();
            opened = QueryEngines.open(
                    queries(settings),
                    new Ports.Inputs(open),
                    new Ports.Outputs(open),
                    new Ports.Definitions(open),
                    new CheckpointFolder(
                            disk, folder.resolve("checkpoints"), settings.integer(Setting.FREE_BYTES_MIN)));
            engine = opened;
            server.serve(new RouteTable(routes(open, opened)), this::addressElsewhere);
            open.onDamage(this::damaged); // both are closed with the log
            open.onFailure(this::failed);
        }
        warmUp(opened);
        started.complete(null);
    }

    /// What does not keep this node from working yet.
    private List<String> warnings() {
        return certificates == null ? List.of() : certificates.warnings();
    }

    /// Where a member is reached.
    private Optional<String> addressOf(String nodeId) {
        ReplicatedLog open = visibleLog;
        return open == null
                ? Optional.empty()
                : open.cluster().view().members().stream()
                        .filter(member -> member.nodeId().equals(nodeId))
                        .map(Member::httpAddress)
                        .filter(http -> !http.isEmpty())
                        .findFirst();
    }

    /// Where a member other than this one is reached.
    private Optional<String> addressElsewhere(String nodeId) {
        return nodeId.equals(cluster.nodeId()) ? Optional.empty() : addressOf(nodeId);
    }

    /// The first query would wait for what this loads; records need not wait for it.
    private static void warmUp(QueryEngine engine) {
        Thread.ofPlatform()
                .daemon()
                .name("sql-warm-up")
                .priority(Thread.MIN_PRIORITY)
                .start(() -> {
                    try {
                        engine.warmUp();
                    } catch (RuntimeException failed) {
                        LOG.atWarn().setCause(failed).log("SQL could not be warmed up; the first query does it");
                    }
                });
    }

    private static EngineSettings queries(Settings settings) {
        EngineSettings standard = EngineSettings.DEFAULT;
        return new EngineSettings(
                standard.stepRowsMax(),
                standard.stepPauseMs(),
                (int) settings.integer(Setting.QUERIES_MAX),
                settings.integer(Setting.QUERY_STATE_BYTES_MAX),
                standard.idleTimeoutMs(),
                standard.resultRowsMax(),
                settings.integer(Setting.CHECKPOINT_MS));
    }

    private static @Nullable NodeCertificates certificates(Settings settings) throws IOException, UsageException {
        TlsFiles files = settings.tlsFiles();
        return files == null
                ? null
                : NodeCertificates.load(
                        files,
                        ClientAuthentication.valueOf(
                                settings.text(Setting.TLS_CLIENT_AUTH).toUpperCase(Locale.ROOT)),
                        settings.flag(Setting.CLUSTER_TLS));
    }

    /// What the consensus shows and believes; null for plain connections.
    private @Nullable NodeTls nodeTls() throws UsageException {
        NodeCertificates own = certificates;
        return own == null || !settings.flag(Setting.CLUSTER_TLS) ? null : new NodeTls(own.keys(), own.trust());
    }

    private static URI address(String scheme, String host, int port) {
        return URI.create(scheme + "://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port);
    }

    private static Tokens tokens(Settings settings) throws IOException, UsageException {
        Tokens tokens;
        try {
            tokens = Tokens.parse(settings.text(Setting.TOKENS));
        } catch (IllegalArgumentException malformed) {
            throw new UsageException("Setting tokens: " + malformed.getMessage() + ".");
        }
        String host = settings.text(Setting.HOST);
        if (tokens.isOpen() && !InetAddress.getByName(host).isLoopbackAddress()) {
            throw new UsageException("Without tokens a node listens on loopback only, not on " + host
                    + ". Set --tokens (or MILLRACE_TOKENS), or leave --host out.");
        }
        return tokens;
    }

    private List<Route> routes(ReplicatedLog log, QueryEngine engine) throws UsageException {
        Leadership leadership = new Leadership(log, cluster.nodeId(), peers, this::addressOf, metrics);
        int partitions = (int) settings.integer(Setting.PARTITIONS);
        IngestSettings ingest = new IngestSettings(
                settings.flag(Setting.AUTO_CREATE),
                partitions,
                ReplicationSettings.singleNode(Path.of("."), 0).entryBytesMax(),
                Acknowledgement.valueOf(settings.text(Setting.ACK).toUpperCase(Locale.ROOT)),
                () -> log.cluster().view().members().size() <= 1,
                settings.integer(Setting.BODY_BYTES_MAX));
        SubscribeSettings subscribe =
                new SubscribeSettings((int) settings.integer(Setting.STREAMS_MAX), ANSWER_BYTES_MAX);
        List<Route> routes = new ArrayList<>();
        routes.addAll(AdminRoutes.of(log, partitions, metrics, stopping::get, this::warnings, leadership));
        routes.addAll(ProduceRoutes.of(log, ingest, metrics, leadership));
        routes.addAll(SubscribeRoutes.of(log, subscribe, metrics, leadership));
        routes.addAll(QueryRoutes.of(engine, metrics, leadership));
        routes.add(ClusterRoutes.identity(this::identity));
        routes.addAll(ClusterRoutes.of(log, leadership, metrics, settings.integer(Setting.COPY_BYTES)));
        metrics.group("replication", log::metrics);
        ProcessMetrics.register(metrics);
        return routes;
    }

    private static ServerSettings server(Settings settings) {
        long budget = settings.integer(Setting.BUDGET_BYTES);
        return new ServerSettings(
                settings.text(Setting.HOST),
                (int) settings.integer(Setting.PORT),
                (int) settings.integer(Setting.EVENT_LOOPS),
                (int) settings.integer(Setting.CONNECTIONS_MAX),
                settings.integer(Setting.BODY_BYTES_MAX),
                budget > 0 ? budget : Math.max(32L << 20, Runtime.getRuntime().maxMemory() / 8),
                (int) settings.integer(Setting.URI_BYTES_MAX),
                (int) settings.integer(Setting.HEADER_BYTES_MAX),
                settings.integer(Setting.HEAD_TIMEOUT_MS),
                settings.integer(Setting.BODY_TIMEOUT_MS),
                settings.integer(Setting.BODY_TOTAL_MS),
                settings.integer(Setting.IDLE_TIMEOUT_MS),
                settings.integer(Setting.WRITE_TIMEOUT_MS),
                settings.list(Setting.ORIGINS));
    }

    private static ReplicationSettings replication(Settings settings, Path folder) {
        ReplicationSettings standard =
                ReplicationSettings.singleNode(folder, (int) settings.integer(Setting.RAFT_PORT));
        return new ReplicationSettings(
                standard.self(),
                standard.members(),
                folder,
                (int) settings.integer(Setting.RAFT_GROUPS),
                new LogSettings(settings.integer(Setting.SEGMENT_BYTES_MAX), LogSettings.DEFAULT.indexIntervalBytes()),
                standard.entryBytesMax(),
                settings.integer(Setting.PENDING_BYTES_MAX),
                settings.integer(Setting.SNAPSHOT_BYTES),
                standard.snapshotInterval(),
                settings.integer(Setting.FREE_BYTES_MIN),
                java.time.Duration.ofMillis(settings.integer(Setting.IDEMPOTENCY_MS)),
                (int) settings.integer(Setting.IDEMPOTENCY_KEYS_MAX),
                standard.requestTimeout());
    }

    /// Where it listens: `http://127.0.0.1:1109`.
    public URI address() {
        return address;
    }

    /// Every endpoint that it serves.
    List<Route> routes() {
        return server.routes();
    }

    /// Hands leadership over, stops accepting, lets requests in flight end, closes the log.
    ///
    /// @return whether all requests ended in time
    public boolean stop() {
        if (!closed.compareAndSet(false, true)) {
            return true;
        }
        stopping.set(true);
        stopStarter();
        handOver();
        boolean drained = server.drain(settings.integer(Setting.DRAIN_MS));
        server.close();
        synchronized (opening) {
            closeLog();
        }
        peers.close();
        if (certificates != null) {
            certificates.close();
        }
        try {
            lock.close();
        } catch (IOException failed) {
            LOG.atWarn().setCause(failed).log("the lock of the data folder could not be released");
        }
        return drained;
    }

    /// Callers hold `opening`.
    private void closeLog() {
        visibleLog = null;
        QueryEngine openEngine = engine;
        engine = null;
        if (openEngine != null) {
            openEngine.close();
        }
        ReplicatedLog openLog = log;
        log = null;
        if (openLog != null) {
            openLog.close();
        }
    }

    private void stopStarter() {
        Thread running = starter;
        if (running == null) {
            return;
        }
        running.interrupt();
        try {
            running.join(STARTER_STOP_MS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Others would notice only after a time-out that their leader has gone.
    private void handOver() {
        ReplicatedLog open = visibleLog;
        if (open == null || open.cluster().view().members().size() < 2) {
            return;
        }
        List<CompletableFuture<MembershipOutcome>> moves = open.cluster().view().groups().stream()
                .filter(group -> group.role().equals("leader"))
                .map(group -> open.cluster().transferLeadership(group.group(), Optional.empty()))
                .toList();
        try {
            CompletableFuture.allOf(moves.toArray(CompletableFuture<?>[]::new))
                    .get(HAND_OVER_MS, TimeUnit.MILLISECONDS);
            for (CompletableFuture<MembershipOutcome> move : moves) {
                LOG.atInfo().addKeyValue("outcome", move.join()).log("leadership was handed over");
            }
        } catch (TimeoutException late) {
            LOG.atWarn().log("leadership was not handed over within {} ms; the others elect", HAND_OVER_MS);
        } catch (ExecutionException refused) {
            LOG.atWarn()
                    .addKeyValue("reason", refused.getCause())
                    .log("leadership was not handed over; the others elect");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
