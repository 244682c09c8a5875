package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.metrics.Metrics;
import io.millrace.http.route.Bodies;
import io.millrace.http.route.BodyReceiver;
import io.millrace.http.route.ErrorCode;
import io.millrace.http.route.Exchange;
import io.millrace.http.route.HttpFailure;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/// Sends requests on to the leader, for clients that cannot follow a redirect.
///
/// Bound: [#IN_FLIGHT_MAX] requests, their bodies charged to the node's budget; more are refused as overloaded.
/// No thread waits for an answer.
final class Forwarder {
    static final int IN_FLIGHT_MAX = 1000;
    private static final int ANSWER_BYTES_MAX = 8 << 20;
    /// Longer than a node takes to answer a write by itself.
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(40);
    private static final long MARGIN_MS = 2000;
    private static final Set<String> NOT_FORWARDED = Set.of(
            "connection",
            "content-length",
            "content-encoding", // the body has been decoded
            "expect",
            "host",
            "http2-settings",
            "keep-alive",
            "origin", // has been checked here
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "x-request-id");

    private final String nodeId;
    private final Peers peers;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final LongAdder forwarded;

    Forwarder(String nodeId, Peers peers, Metrics metrics) {
        this.nodeId = nodeId;
        this.peers = peers;
        this.forwarded = metrics.counter("cluster_forwarded_total", "Writes sent on to the leader");
        metrics.gauge("cluster_forwards", "Writes that wait for the leader's answer", inFlight::get);
    }

    /// @throws HttpFailure `overloaded`
    BodyReceiver begin(Exchange exchange, String leader, String address) {
        return Bodies.onLoop((whole, body, length) -> new Forwarded(whole, leader, address, body, length).send())
                .begin(exchange);
    }

    private final class Forwarded {
        private final Exchange exchange;
        private final String leader;
        private final String address;
        private final byte[] body;
        private final int length;

        private Forwarded(Exchange exchange, String leader, String address, byte[] body, int length) {
            this.exchange = exchange;
            this.leader = leader;
            this.address = address;
            this.body = body;
            this.length = length;
        }

        private void send() {
            if (inFlight.incrementAndGet() > IN_FLIGHT_MAX) {
                inFlight.decrementAndGet();
                throw new HttpFailure(
                        ErrorCode.OVERLOADED,
                        "%d requests wait for the leader already. Nothing has happened; try again, or ask node %s at %s."
                                .formatted(IN_FLIGHT_MAX, leader, address));
            }
            HttpRequest request;
            try {
                request = request();
            } catch (RuntimeException malformed) {
                inFlight.decrementAndGet();
                throw malformed;
            }
            forwarded.increment();
            peers.http()
                    .sendAsync(
                            request,
                            info -> HttpResponse.BodySubscribers.limiting(
                                    HttpResponse.BodySubscribers.ofByteArray(), ANSWER_BYTES_MAX))
                    .whenComplete(this::answer);
        }

        private HttpRequest request() {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + exchange.uri()));
            exchange.forEachHeader((name, value) -> {
                String text = name.toString().toLowerCase(Locale.ROOT);
                if (!NOT_FORWARDED.contains(text)) {
                    request.header(text, value.toString());
                }
            });
            request.header("X-Request-Id", exchange.requestId());
            request.header(Leadership.FORWARDED_BY, nodeId);
            long wanted = exchange.route().parameters().contains("timeout_ms")
                    ? exchange.parameters().integer("timeout_ms", 1, 600_000, 0)
                    : 0;
            request.timeout(wanted > 0 ? Duration.ofMillis(wanted + MARGIN_MS) : ANSWER_WITHIN);
            return request.method(
                            exchange.method().name(),
                            length == 0 && exchange.route().bodyBytesMax() == 0
                                    ? HttpRequest.BodyPublishers.noBody()
                                    : HttpRequest.BodyPublishers.ofByteArray(body, 0, length))
                    .build();
        }

        private void answer(@Nullable HttpResponse<byte[]> response, @Nullable Throwable thrown) {
            inFlight.decrementAndGet();
            if (response == null) {
                exchange.fail(failure(thrown));
                return;
            }
            byte[] answer = response.body();
            StringBuilder lines = new StringBuilder();
            for (String name : new String[] {"Retry-After", "Allow", "WWW-Authenticate"}) {
                response.headers()
                        .firstValue(name)
                        .ifPresent(value ->
                                lines.append(name).append(": ").append(value).append("\r\n"));
            }
            exchange.reply(
                    response.statusCode(),
                    response.headers().firstValue("Content-Type").orElse(Exchange.JSON),
                    new JsonBuffer(answer.length).raw(answer, 0, answer.length),
                    lines.toString());
        }

        private HttpFailure failure(@Nullable Throwable thrown) {
            Throwable cause =
                    thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
            if (cause instanceof ConnectException
                    || cause instanceof HttpConnectTimeoutException
                    || cause instanceof SSLHandshakeException) {
                return new HttpFailure(
                        ErrorCode.NO_LEADER,
                        "Node %s leads, but does not answer at %s. Nothing has happened; try again."
                                .formatted(leader, address));
            }
            String reason = cause instanceof IOException && cause.getMessage() != null
                    ? cause.getMessage()
                    : String.valueOf(cause);
            return new HttpFailure(
                    ErrorCode.OUTCOME_UNKNOWN,
                    "Node %s, which leads, did not answer (%s); the write may have happened. The same idempotency_key finds out."
                            .formatted(leader, reason));
        }
    }
}
