package io.millrace.http.cluster;

import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.Failures;
import io.millrace.http.route.Handler;
import io.millrace.http.route.HttpFailure;
import io.millrace.http.route.Sure;
import io.millrace.replication.ReplicatedLog;
import io.millrace.replication.Topic;
import io.netty.buffer.ByteBuf;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// Writes are decided by the leader. A node that does not lead says where it is (307), or forwards when it is
/// asked to with `forward=true`.
///
/// Leadership may be lost between this look and the decision; then the log refuses, and the server makes the
/// same 307 of it.
///
/// Threading: event loops; nothing here waits.
public final class Leadership {
    /// Parameter of reads.
    public static final String CONSISTENCY = "consistency";

    /// Marks what another node forwarded: it is not forwarded again.
    static final String FORWARDED_BY = "X-Millrace-Forwarded-By";

    /// A longer body is not read before it is refused; the connection is closed instead.
    private static final int DISCARD_BYTES_MAX = 64 << 10;

    /// A leader that is alone says so within 2 s, whatever it is asked.
    private static final long SURE_WITHIN_MS = 1_500;

    /// What a node that is behind the others may say of what they have.
    private static final Set<String> MAY_BE_NEW = Set.of(
            ErrorCode.NOT_READY.code(),
            ErrorCode.UNKNOWN_TOPIC.code(),
            ErrorCode.UNKNOWN_PARTITION.code(),
            ErrorCode.UNKNOWN_VIEW.code(),
            ErrorCode.UNKNOWN_GROUP.code(),
            ErrorCode.OFFSET_OUT_OF_RANGE.code());

    private static final int DELETED = 410;

    private final ReplicatedLog log;
    private final String nodeId;
    private final Forwarder forwarder;
    private final Function<String, Optional<String>> addresses;
    private final LongAdder redirected;

    /// @param addresses where a node is reached, by its id
    public Leadership(
            ReplicatedLog log,
            String nodeId,
            Peers peers,
            Function<String, Optional<String>> addresses,
            Metrics metrics) {
        this.log = log;
        this.nodeId = nodeId;
        this.forwarder = new Forwarder(nodeId, peers, metrics);
        this.addresses = addresses;
        this.redirected = metrics.counter("cluster_redirects_total", "Writes answered with the address of the leader");
    }

    /// The same, on the leader only. The route must know the parameter `forward`.
    public Handler guard(Handler write) {
        return exchange -> {
            boolean forward = exchange.parameters().flag("forward");
            return leads() ? begin(write, exchange) : elsewhere(exchange, forward, elsewhere("", 0));
        };
    }

    /// A leader that has been cut off does not know it for a moment. Records are safe then, because a majority
    /// decides; that there is no such topic, which this node says by itself, has to be asked for.
    private BodyReceiver begin(Handler write, Exchange exchange) {
        try {
            return write.begin(exchange);
        } catch (HttpFailure failure) {
            boolean mayBeNew = failure.code().equals(ErrorCode.UNKNOWN_TOPIC.code())
                    && log.cluster().view().members().size() > 1
                    && exchange.header("Expect") == null
                    && bodyBytes(exchange) <= DISCARD_BYTES_MAX;
            if (!mayBeNew) {
                throw failure;
            }
            return new Discard(() -> log.cluster()
                    .barrier(0)
                    .copy()
                    .orTimeout(SURE_WITHIN_MS, TimeUnit.MILLISECONDS)
                    .whenComplete((done, lost) -> {
                        boolean known = log.exists(exchange.pathParameter(0));
                        exchange.fail(
                                lost == null && !known
                                        ? failure
                                        : new HttpFailure(
                                                ErrorCode.NO_LEADER,
                                                known
                                                        ? "The topic was just made. Nothing has happened; try again."
                                                        : "No majority of the nodes says in time whether there is such a topic. Nothing has happened; try again."));
                    }));
        }
    }

    /// The same for records of the topic in the path, on a node that leads the partition they go to, or one of
    /// the topic's when it is not known yet: what is for another group then travels inside.
    ///
    /// @param partition that the request names; −1 for none
    public Handler guardTopic(Handler write, ToIntFunction<Exchange> partition) {
        Handler guarded = guard(write);
        return exchange -> {
            Optional<Topic> topic = log.layout().count() == 1 ? Optional.empty() : log.topic(exchange.pathParameter(0));
            if (topic.isEmpty()) {
                return guarded.begin(exchange); // whoever leads group 0 knows whether it exists
            }
            boolean forward = exchange.parameters().flag("forward");
            int wanted = partition.applyAsInt(exchange);
            boolean here = wanted >= 0 && wanted < topic.get().partitions()
                    ? log.leads(topic.get().name(), wanted)
                    : leadsAny(topic.get());
            return here
                    ? write.begin(exchange)
                    : elsewhere(exchange, forward, elsewhere(topic.get().name(), Math.max(0, wanted)));
        };
    }

    private boolean leadsAny(Topic topic) {
        int different = Math.min(topic.partitions(), log.layout().count()); // neighbours are in different groups
        for (int partition = 0; partition < different; partition++) {
            if (log.leads(topic.name(), partition)) {
                return true;
            }
        }
        return false;
    }

    /// The same where the body says which partition it is about: with several groups it travels inside.
    public Handler guardOrRelay(Handler write) {
        Handler guarded = guard(write);
        return exchange -> {
            if (log.layout().count() == 1) {
                return guarded.begin(exchange);
            }
            exchange.parameters(); // checks their names
            return write.begin(exchange);
        };
    }

    /// Whether writes are decided here.
    public boolean leads() {
        return log.leads("", 0);
    }

    /// What a write is answered here while this node does not lead; null when it does.
    public @Nullable HttpFailure refusal() {
        return leads() ? null : Failures.notLeader(elsewhere("", 0).orElse(null));
    }

    /// Who leads, if it is another node. This one may have been elected and not lead yet, or be about to hand
    /// the lead over: then it is no place to send anybody to.
    private Optional<String> elsewhere(String topic, int partition) {
        return log.leader(topic, partition).filter(leader -> !leader.equals(nodeId));
    }

    /// Does a read, with `consistency=linearizable` only once this node has everything that was acknowledged
    /// before. The route must know the parameter [#CONSISTENCY].
    ///
    /// Threading: the caller's thread, or a virtual one after a wait.
    ///
    /// @param upToDate completes once this node has what the read is about
    /// @throws Exception what the read throws, or `invalid_parameter`
    public void read(Exchange exchange, Supplier<CompletableFuture<Void>> upToDate, Bodies.Plain read)
            throws Exception {
        String consistency = exchange.parameters().text(CONSISTENCY, "local");
        switch (consistency) {
            case "local" -> readHere(exchange, upToDate, read);
            case "linearizable" ->
                Sure.behind(
                        upToDate.get(),
                        exchange,
                        read,
                        "No majority of the nodes says in time what the newest record is. Try again, or read without consistency=linearizable.");
            default ->
                throw new HttpFailure(
                        ErrorCode.INVALID_PARAMETER,
                        "Parameter 'consistency' must be local or linearizable, not '" + consistency + "'.");
        }
    }

    /// The same for a read about any partition.
    ///
    /// @throws Exception what the read throws, or `invalid_parameter`
    public void read(Exchange exchange, Bodies.Plain read) throws Exception {
        read(exchange, this::everything, read);
    }

    private CompletableFuture<Void> everything() {
        return log.cluster().barriers();
    }

    /// Does a read of what this node has. That something does not exist is said only when it is certain: a client
    /// may have heard of it from a node that is ahead of this one.
    ///
    /// @throws Exception what the read throws
    public void readHere(Exchange exchange, Bodies.Plain read) throws Exception {
        readHere(exchange, this::everything, read);
    }

    private void readHere(Exchange exchange, Supplier<CompletableFuture<Void>> upToDate, Bodies.Plain read)
            throws Exception {
        try {
            read.handle(exchange);
        } catch (HttpFailure failure) {
            if (!MAY_BE_NEW.contains(failure.code())
                    || failure.status() == DELETED
                    || log.cluster().view().members().size() <= 1) {
                throw failure;
            }
            Sure.behind(upToDate.get(), exchange, read, Sure.NOBODY_TELLS);
        }
    }

    private BodyReceiver elsewhere(Exchange exchange, boolean forward, Optional<String> leader) {
        String forwardedBy = exchange.header(FORWARDED_BY);
        if (leader.isPresent() && forwardedBy != null) {
            throw new HttpFailure(
                            ErrorCode.NO_LEADER,
                            "Leadership is moving: this was forwarded by a node that took this one for the leader. Nothing"
                                    + " has happened; try again.")
                    .with(Failures.LEADER, leader.get());
        }
        if (leader.isPresent() && forward) {
            Optional<String> address = addresses.apply(leader.get());
            if (address.isPresent()) {
                return forwarder.begin(exchange, leader.get(), address.get());
            }
        }
        HttpFailure failure = Failures.notLeader(leader.orElse(null));
        if (failure.status() == ErrorCode.NOT_LEADER.status()) {
            redirected.increment();
        }
        if (exchange.header("Expect") != null || bodyBytes(exchange) > DISCARD_BYTES_MAX) {
            throw failure;
        }
        return new Discard(() -> {
            throw failure;
        });
    }

    /// Of the body to come; large when that is not known.
    private static long bodyBytes(Exchange exchange) {
        if (exchange.header("Transfer-Encoding") != null) {
            return Long.MAX_VALUE;
        }
        String length = exchange.header("Content-Length");
        return length == null ? 0 : Long.parseLong(length);
    }

    /// Reads a short body to its end, so that the connection can go on.
    private record Discard(Runnable answer) implements BodyReceiver {
        @Override
        public void bytes(ByteBuf piece, boolean last) {
            piece.skipBytes(piece.readableBytes());
        }

        @Override
        public void end() {
            answer.run();
        }
    }
}
