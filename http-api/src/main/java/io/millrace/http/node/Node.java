package io.millrace.http.node;

import io.millrace.http.admin.AdminRoutes;
import io.millrace.http.auth.Tokens;
import io.millrace.http.ingest.IngestSettings;
import io.millrace.http.ingest.ProduceRoutes;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.query.QueryRoutes;
import io.millrace.http.route.Route;
import io.millrace.http.route.RouteTable;
import io.millrace.http.server.HttpServer;
import io.millrace.http.server.ServerSettings;
import io.millrace.http.subscribe.SubscribeRoutes;
import io.millrace.http.subscribe.SubscribeSettings;
import io.millrace.log.LogSettings;
import io.millrace.log.disk.LocalDisk;
import io.millrace.query.EngineSettings;
import io.millrace.query.QueryEngine;
import io.millrace.query.QueryEngines;
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
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node: the replicated log, the query engine and the HTTP server, joined.
public final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final int ANSWER_BYTES_MAX = 8 << 20;

    private final DataFolderLock lock;
    private final ReplicatedLog log;
    private final QueryEngine engine;
    private final HttpServer server;
    private final URI address;
    private final long drainMs;
    private final AtomicBoolean stopping;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Node(
            DataFolderLock lock,
            ReplicatedLog log,
            QueryEngine engine,
            HttpServer server,
            URI address,
            long drainMs,
            AtomicBoolean stopping) {
        this.lock = lock;
        this.log = log;
        this.engine = engine;
        this.server = server;
        this.address = address;
        this.drainMs = drainMs;
        this.stopping = stopping;
    }

    /// Starts a node; it acknowledges records when this returns.
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
        DataFolderLock lock = DataFolderLock.take(folder);
        ReplicatedLog log = null;
        QueryEngine engine = null;
        HttpServer server = null;
        try {
            log = ReplicatedLogs.open(replication(settings, folder), new LocalDisk(), InstantSource.system());
            engine = QueryEngines.open(
                    queries(settings), new Ports.Inputs(log), new Ports.Outputs(log), new Ports.Definitions(log));
            Metrics metrics = new Metrics();
            AtomicBoolean stopping = new AtomicBoolean();
            RouteTable routes = new RouteTable(routes(settings, log, engine, metrics, stopping));
            server = new HttpServer(server(settings), routes, tokens, metrics);
            InetSocketAddress listening = server.start();
            URI address = address(settings.text(Setting.HOST), listening.getPort());
            warmUp(engine);
            return new Node(lock, log, engine, server, address, settings.integer(Setting.DRAIN_MS), stopping);
        } catch (IOException | RuntimeException | Error | UsageException failure) {
            if (server != null) {
                server.close();
            }
            if (engine != null) {
                engine.close();
            }
            if (log != null) {
                log.close();
            }
            lock.close();
            throw failure;
        }
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
                standard.resultRowsMax());
    }

    private static URI address(String host, int port) {
        return URI.create("http://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port);
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

    private static List<Route> routes(
            Settings settings, ReplicatedLog log, QueryEngine engine, Metrics metrics, AtomicBoolean stopping)
            throws UsageException {
        int partitions = (int) settings.integer(Setting.PARTITIONS);
        IngestSettings ingest = new IngestSettings(
                settings.flag(Setting.AUTO_CREATE),
                partitions,
                ReplicationSettings.singleNode(Path.of("."), 0).entryBytesMax(),
                true,
                settings.integer(Setting.BODY_BYTES_MAX));
        SubscribeSettings subscribe =
                new SubscribeSettings((int) settings.integer(Setting.STREAMS_MAX), ANSWER_BYTES_MAX);
        List<Route> routes = new ArrayList<>();
        routes.addAll(AdminRoutes.of(log, partitions, metrics, stopping::get));
        routes.addAll(ProduceRoutes.of(log, ingest, metrics));
        routes.addAll(SubscribeRoutes.of(log, subscribe, metrics));
        routes.addAll(QueryRoutes.of(engine, metrics));
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
                standard.groups(),
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

    /// Stops accepting, lets requests in flight end, closes the log.
    ///
    /// @return whether all requests ended in time
    public boolean stop() {
        if (!closed.compareAndSet(false, true)) {
            return true;
        }
        stopping.set(true);
        boolean drained = server.drain(drainMs);
        server.close();
        engine.close();
        log.close();
        try {
            lock.close();
        } catch (IOException failed) {
            LOG.atWarn().setCause(failed).log("the lock of the data folder could not be released");
        }
        return drained;
    }

    @Override
    public void close() {
        stop();
    }
}
