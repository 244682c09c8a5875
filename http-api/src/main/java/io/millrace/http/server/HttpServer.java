package io.millrace.http.server;

import io.millrace.http.auth.Tokens;
import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Failures;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.RouteTable;
import io.millrace.http.tls.NodeCertificates;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// An HTTP/1.1 server for one route table.
///
/// Threading: [#start] and [#close] once each, by any thread.
public final class HttpServer implements AutoCloseable {
    private static final int SWEEP_MS = 500;
    private static final int REQUEST_ID_LENGTH_MAX = 64;
    private static final String TOO_MANY =
            "{\"ok\":false,\"error\":\"too_many_connections\",\"message\":\"This node has as many connections as it takes."
                    + " Try again.\",\"docs\":\"/docs/errors#too_many_connections\",\"request_id\":\"%s\"}\n";

    final ServerSettings settings;
    volatile RouteTable routes;
    final Tokens tokens;
    final Budget budget;
    final LongAdder requests;
    final LongAdder bytesIn;
    final LongAdder bytesOut;
    final LongAdder timeouts;
    final LongAdder abandoned;
    final LongAdder clientsGone;
    final LongAdder handshakesFailed;
    final @Nullable NodeCertificates certificates; // null for plain HTTP
    private final LongAdder refusedConnections;
    private final LongAdder[] statuses = new LongAdder[6];
    private final Metrics.Histogram seconds;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong requestNumber = new AtomicLong();
    private final String requestPrefix = Long.toString(System.currentTimeMillis(), 36) + "-";
    private final Map<EventLoop, LoopContext> contexts = new ConcurrentHashMap<>();
    private final MultiThreadIoEventLoopGroup loops;
    private @Nullable Channel listening;
    private volatile boolean draining;
    private volatile Function<String, Optional<String>> addresses = node -> Optional.empty();

    public HttpServer(ServerSettings settings, RouteTable routes, Tokens tokens, Metrics metrics) {
        this(settings, routes, tokens, metrics, null);
    }

    /// @param certificates for HTTPS; null for plain HTTP
    public HttpServer(
            ServerSettings settings,
            RouteTable routes,
            Tokens tokens,
            Metrics metrics,
            @Nullable NodeCertificates certificates) {
        this.settings = settings;
        this.certificates = certificates;
        this.routes = routes;
        this.tokens = tokens;
        this.budget = new Budget(settings.budgetBytes());
        this.requests = metrics.counter("http_requests_total", "Requests whose head was read");
        this.bytesIn = metrics.counter("http_body_bytes_total", "Bytes of request bodies");
        this.bytesOut = metrics.counter("http_answer_bytes_total", "Bytes of answers, heads included");
        this.timeouts = metrics.counter("http_timeouts_total", "Connections ended because a client was too slow");
        this.abandoned = metrics.counter("http_bodies_abandoned_total", "Requests whose client left within the body");
        this.clientsGone = metrics.counter("http_clients_gone_total", "Requests whose client left before the answer");
        this.handshakesFailed = metrics.counter(
                "http_tls_handshakes_failed_total", "Connections that ended within their TLS handshake");
        this.refusedConnections = metrics.counter("http_connections_refused_total", "Connections beyond the limit");
        for (int i = 1; i < statuses.length; i++) {
            statuses[i] = metrics.counter("http_answers_total", "Answers by class of status", "status=\"" + i + "xx\"");
        }
        this.seconds = metrics.histogram(
                "http_answer_seconds",
                "From the end of a request's head to the start of its answer",
                0.0005,
                0.001,
                0.0025,
                0.005,
                0.01,
                0.025,
                0.05,
                0.1,
                0.25,
                1,
                10);
        metrics.gauge("http_connections", "Open connections", connections::get);
        metrics.gauge("http_budget_bytes", "Bytes of bodies and large answers in memory", budget::used);
        metrics.gauge("http_budget_bytes_max", "Limit of http_budget_bytes", budget::max);
        IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.loops = new MultiThreadIoEventLoopGroup(
                settings.eventLoops(),
                Thread.ofPlatform().daemon().name("http-loop-", 0).factory(),
                io);
    }

    /// Opens the port.
    ///
    /// @return where it listens
    /// @throws IOException the port is in use, or the address is not this machine's
    public InetSocketAddress start() throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(128 << 10, 512 << 10))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                });
        try {
            Channel channel = bootstrap
                    .bind(InetAddress.getByName(settings.host()), settings.port())
                    .syncUninterruptibly()
                    .channel();
            listening = channel;
            return (InetSocketAddress) channel.localAddress();
        } catch (Exception refused) { // Netty throws what bind threw, checked or not
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            throw new IOException(
                    "cannot listen on %s:%d: %s. Choose another port with --port, or stop what uses it."
                            .formatted(settings.host(), settings.port(), refused.getMessage()),
                    refused);
        }
    }

    private void accept(Channel channel) {
        if (connections.incrementAndGet() > settings.connectionsMax() || draining) {
            connections.decrementAndGet();
            refusedConnections.increment();
            if (certificates != null) {
                channel.close(); // a handshake would cost more than the answer is worth
                return;
            }
            String body = TOO_MANY.formatted(requestId(nextRequestNumber()));
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext active) {
                    String answer =
                            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: application/json\r\nContent-Length: "
                                    + body.length() + "\r\n\r\n" + body;
                    active.writeAndFlush(active.alloc().buffer().writeBytes(answer.getBytes(StandardCharsets.US_ASCII)))
                            .addListener(written -> active.close());
                }
            });
            return;
        }
        LoopContext context = contexts.computeIfAbsent(channel.eventLoop(), this::newContext);
        Connection connection = new Connection(this, context);
        if (certificates != null) {
            channel.pipeline().addLast(new TlsGate(this, certificates), new TlsEvents(this));
        }
        channel.pipeline().addLast(new Tap(connection), new StrictRequestDecoder(settings), connection);
    }

    private LoopContext newContext(EventLoop loop) {
        LoopContext context = new LoopContext(loop);
        loop.scheduleAtFixedRate(
                () -> {
                    long now = System.nanoTime();
                    List.copyOf(context.connections).forEach(connection -> connection.sweep(now));
                    context.flush();
                },
                SWEEP_MS,
                SWEEP_MS,
                TimeUnit.MILLISECONDS);
        return context;
    }

    /// Notes when bytes arrive, before they are decoded.
    private static final class Tap extends ChannelInboundHandlerAdapter {
        private final Connection connection;

        private Tap(Connection connection) {
            this.connection = connection;
        }

        @Override
        public void channelRead(ChannelHandlerContext active, Object message) {
            connection.bytesArrived(message instanceof io.netty.buffer.ByteBuf bytes ? bytes.readableBytes() : 0);
            active.fireChannelRead(message);
        }
    }

    /// Serves other routes from now on. Requests that have begun go on as they were.
    ///
    /// @param nodeAddresses where another node is reached, by its id; for `Location`. Empty for this node
    ///     itself, which may be named by who is about to lose the lead
    public void serve(RouteTable table, Function<String, Optional<String>> nodeAddresses) {
        addresses = nodeAddresses;
        routes = table;
    }

    /// Completes a `not_leader` failure with where the leader is.
    HttpFailure located(HttpFailure failure, ServerExchange exchange) {
        if (failure.status() != ErrorCode.NOT_LEADER.status()) {
            return failure;
        }
        String leader = String.valueOf(failure.fields().get(Failures.LEADER));
        Optional<String> address = addresses.apply(leader);
        if (address.isEmpty() || exchange.wantsForwarding()) {
            return new HttpFailure(
                            ErrorCode.NO_LEADER,
                            "The lead is moving, last seen at node " + leader + ". Nothing has happened; try again.")
                    .with(Failures.LEADER, leader);
        }
        return failure.with("leader_url", address.get())
                .withHeader("Location", address.get() + exchange.uri())
                .withHeader("Retry-After", "0");
    }

    public List<io.millrace.http.route.Route> routes() {
        return routes.routes();
    }

    void connected(Connection connection) {
        if (draining) {
            connection.drainAndClose();
        }
    }

    void disconnected(Connection connection) {
        connections.decrementAndGet();
    }

    void answered(int status, long arrivedNanos) {
        statuses[status / 100].increment();
        seconds.recordNanos(System.nanoTime() - arrivedNanos);
    }

    /// The client's own id when it is sane, else null.
    static @Nullable String saneRequestId(@Nullable String wanted) {
        if (wanted == null || wanted.isEmpty() || wanted.length() > REQUEST_ID_LENGTH_MAX) {
            return null;
        }
        for (int i = 0; i < wanted.length(); i++) {
            char c = wanted.charAt(i);
            boolean sane = (c >= '0' && c <= '9')
                    || (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || c == '-'
                    || c == '_'
                    || c == '.';
            if (!sane) {
                return null;
            }
        }
        return wanted;
    }

    long nextRequestNumber() {
        return requestNumber.incrementAndGet();
    }

    /// The id of a request that brought none.
    String requestId(long number) {
        return requestPrefix + Long.toString(number, 36);
    }

    /// The same id, without a string.
    void writeRequestId(JsonBuffer out, long number) {
        writeBase36(out.ascii(requestPrefix), number);
    }

    /// Writes what `Long.toString(number, 36)` gives; not for negative numbers.
    static void writeBase36(JsonBuffer out, long number) {
        int digits = 1;
        for (long left = number / 36; left > 0; left /= 36) {
            digits++;
        }
        out.reserve(digits);
        long left = number;
        for (int at = out.size() + digits - 1; at >= out.size(); at--) {
            out.bytes()[at] = (byte) Character.forDigit((int) (left % 36), 36);
            left /= 36;
        }
        out.advance(digits);
    }

    boolean allowsOrigin(String origin, @Nullable String host) {
        if (settings.origins().contains("*") || settings.origins().contains(origin)) {
            return true;
        }
        try {
            URI page = new URI(origin);
            boolean same = host != null && host.equalsIgnoreCase(page.getRawAuthority());
            // without tokens only pages that really come from this machine: a name that someone else controls
            // could be made to point here
            return same && (!tokens.isOpen() || isLoopbackName(page.getHost()));
        } catch (URISyntaxException malformed) {
            return false;
        }
    }

    private static boolean isLoopbackName(@Nullable String host) {
        return host != null && (host.equals("localhost") || host.equals("[::1]") || host.startsWith("127."));
    }

    boolean isDraining() {
        return draining;
    }

    /// Stops accepting, lets requests in flight end, then closes.
    ///
    /// @return whether all ended in time
    public boolean drain(long timeoutMs) {
        draining = true;
        Channel port = listening;
        if (port != null) {
            port.close().syncUninterruptibly();
        }
        for (LoopContext context : contexts.values()) {
            context.loop.execute(() -> List.copyOf(context.connections).forEach(Connection::drainAndClose));
        }
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        while (connections.get() > 0 && System.nanoTime() < deadline) {
            java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
        }
        return connections.get() == 0;
    }

    @Override
    public void close() {
        drain(0);
        for (LoopContext context : contexts.values()) {
            context.loop.execute(() -> List.copyOf(context.connections).forEach(Connection::closeNow));
        }
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
