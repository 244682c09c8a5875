package io.millrace.client.transport;

import io.millrace.client.MillraceException;
import io.millrace.client.Position;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/// Sends a [Call] to whichever node can answer it.
///
/// | what happens | what is done |
/// |--------------|--------------|
/// | connection refused, or no connection in time | the next node; nothing was sent, so this is always safe |
/// | the certificates of the two ends do not fit | the next node; fail when none is left |
/// | 307 | follow, at most five times; remember the place for the call's affinity, or for all writes |
/// | 429 | wait as long as asked, same node |
/// | 503 | the next node, after the wait that was asked for once all nodes were asked |
/// | 504, connection lost, no answer in time | again if the call is repeatable, else fail as `outcome_unknown` or 504 |
/// | other errors | fail with the server's words |
///
/// Retries end after the call's `retryFor`; then the last failure is thrown. Waits grow from 50 ms to 2 s with
/// jitter.
public final class Transport implements AutoCloseable {
    private static final int REDIRECTS_MAX = 5;
    private static final int PLACES_MAX = 10_000;
    private static final long BACKOFF_FIRST_MS = 50;
    private static final long BACKOFF_LAST_MS = 2_000;
    private static final long RETRY_AFTER_LAST_MS = 30_000;

    private final List<URI> nodes;
    private final Optional<String> token;
    private final Duration answerTimeout;
    private final Duration retryFor;
    private final long answerBytesMax;
    private final ClientTls tls;
    private final ExecutorService executor;
    private final HttpClient http;
    private final AtomicInteger current = new AtomicInteger();
    // guarded by itself; the least recently used place is forgotten first
    private final Map<String, URI> places = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, URI> eldest) {
            return size() > PLACES_MAX;
        }
    };
    /// Where writes were redirected to last; null when that is not known, or did not help.
    private volatile @Nullable URI leader;
    private volatile boolean closed;

    /// @param nodes scheme, host and port of each node; at least one
    public Transport(
            List<URI> nodes,
            Optional<String> token,
            Duration connectTimeout,
            Duration answerTimeout,
            Duration retryFor,
            long answerBytesMax,
            ClientTls tls) {
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("at least one node is needed");
        }
        this.nodes = nodes.stream().map(Transport::root).toList();
        this.token = token;
        this.answerTimeout = answerTimeout;
        this.retryFor = retryFor;
        this.answerBytesMax = answerBytesMax;
        this.tls = tls;
        this.executor = Executors.newVirtualThreadPerTaskExecutor();
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout)
                .executor(executor);
        SSLContext context = tls.context();
        this.http = (context == null ? builder : builder.sslContext(context)).build();
    }

    private static URI root(URI node) {
        String scheme = node.getScheme();
        if (scheme == null || !(scheme.equals("http") || scheme.equals("https")) || node.getHost() == null) {
            throw new IllegalArgumentException("a node is given as http://HOST:PORT or https://HOST:PORT, not " + node);
        }
        return URI.create(scheme + "://" + node.getRawAuthority());
    }

    /// The nodes as they were given.
    public List<URI> nodes() {
        return nodes;
    }

    /// Sends the call and returns a whole answer.
    public Answer.Whole whole(Call call) {
        return switch (exchange(call, false)) {
            case Answer.Whole whole -> whole;
            case Answer.Stream _ -> throw new AssertionError("streams are only made on demand");
        };
    }

    /// Sends the call; the answer is a stream if the server says `application/x-ndjson`.
    public Answer wholeOrStream(Call call) {
        return exchange(call, true);
    }

    private Answer exchange(Call call, boolean streams) {
        long deadline = System.nanoTime() + (call.retryFor() == null ? retryFor : call.retryFor()).toNanos();
        int nodeIndex = current.get();
        URI base = place(call).orElse(nodes.get(Math.floorMod(nodeIndex, nodes.size())));
        URI target = base.resolve(call.pathAndQuery());
        int redirects = 0;
        int failures = 0;
        while (true) {
            if (closed) {
                throw new MillraceException(MillraceException.CLOSED, "this client was closed", null);
            }
            MillraceException failure;
            boolean nextNode;
            boolean hopeless = false; // asking the same node again will not help
            try {
                HttpResponse<Answer> response = attempt(call, target, streams);
                int status = response.statusCode();
                if (status / 100 == 2) {
                    current.set(nodeIndex);
                    return response.body();
                }
                if (status == 307) {
                    if (++redirects > REDIRECTS_MAX) {
                        failure = new MillraceException(
                                "no_leader",
                                status,
                                "Redirected more than " + REDIRECTS_MAX + " times, last to " + target
                                        + "; the leader seems to be changing",
                                null,
                                null,
                                null,
                                null);
                        nextNode = true;
                        redirects = 0;
                    } else {
                        target = redirect(response, target);
                        remember(call, target);
                        continue;
                    }
                } else {
                    failure = error(response);
                    switch (status) {
                        case 429 -> nextNode = false;
                        case 503 -> nextNode = true;
                        case 504 -> {
                            if (!call.repeatable()) {
                                throw failure;
                            }
                            nextNode = false;
                        }
                        default -> throw failure;
                    }
                }
            } catch (NotSent notSent) {
                failure = new MillraceException(
                        MillraceException.CANNOT_CONNECT,
                        "Cannot connect to " + target.getScheme() + "://" + target.getRawAuthority() + ": "
                                + notSent.reason,
                        notSent.getCause());
                nextNode = true;
                hopeless = notSent.hopeless;
            } catch (Unanswered unanswered) {
                failure = new MillraceException(
                        MillraceException.OUTCOME_UNKNOWN,
                        "No answer from " + target.getScheme() + "://" + target.getRawAuthority() + " ("
                                + unanswered.reason + "); the request may or may not have been carried out",
                        unanswered.getCause());
                if (!call.repeatable()) {
                    throw failure;
                }
                nextNode = true;
            }
            failures++;
            if (nextNode) {
                forget(call);
                nodeIndex++;
            }
            base = nextNode ? nodes.get(Math.floorMod(nodeIndex, nodes.size())) : target.resolve("/");
            target = base.resolve(call.pathAndQuery());
            boolean everyNodeAsked = !nextNode || failures % nodes.size() == 0;
            if (everyNodeAsked && hopeless) {
                throw failure;
            }
            if (everyNodeAsked) {
                pauseOrThrow(failure, waitMs(failure, failures / nodes.size()), deadline);
            }
        }
    }

    private static long waitMs(MillraceException failure, int rounds) {
        long asked = failure.retryAfter().map(Duration::toMillis).orElse(0L);
        long grown = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS << Math.min(rounds, 8));
        long jittered = grown / 2 + ThreadLocalRandom.current().nextLong(grown / 2 + 1);
        return Math.min(RETRY_AFTER_LAST_MS, Math.max(asked, jittered));
    }

    private static void pauseOrThrow(MillraceException failure, long waitMs, long deadline) {
        long leftMs = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (leftMs <= 0 || waitMs > leftMs) {
            throw failure;
        }
        try {
            Thread.sleep(waitMs);
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    private HttpResponse<Answer> attempt(Call call, URI target, boolean streams) throws NotSent, Unanswered {
        Duration limit = call.answerTimeout() == null ? answerTimeout : call.answerTimeout();
        HttpRequest.Builder request = HttpRequest.newBuilder(target).header("Accept", call.accept());
        token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        byte[] body = call.body();
        if (body == null) {
            request.method(call.method(), HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("Content-Type", call.contentType());
            request.method(call.method(), HttpRequest.BodyPublishers.ofByteArray(body));
        }
        CompletableFuture<HttpResponse<Answer>> pending =
                http.sendAsync(request.build(), info -> bodySubscriber(info, streams));
        try {
            return pending.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            pending.cancel(true); // closes the connection
            throw new Unanswered("nothing came within " + limit.toMillis() + " ms", late);
        } catch (InterruptedException interrupted) {
            pending.cancel(true);
            throw interrupted(interrupted);
        } catch (ExecutionException failed) {
            throw sorted(target, failed.getCause());
        }
    }

    private HttpResponse.BodySubscriber<Answer> bodySubscriber(HttpResponse.ResponseInfo info, boolean streams) {
        boolean stream = streams
                && info.statusCode() / 100 == 2
                && info.headers()
                        .firstValue("Content-Type")
                        .filter(type -> type.startsWith("application/x-ndjson"))
                        .isPresent();
        if (stream) {
            return BodySubscribers.mapping(BodySubscribers.ofPublisher(), Answer.Stream::new);
        }
        return BodySubscribers.mapping(
                BodySubscribers.limiting(BodySubscribers.ofByteArray(), answerBytesMax), Answer.Whole::new);
    }

    /// Tells a request that was never sent from one that may have been carried out.
    private MillraceException sorted(URI target, @Nullable Throwable cause) throws NotSent, Unanswered {
        if (cause instanceof ConnectException || cause instanceof HttpConnectTimeoutException) {
            boolean unknownHost = cause.getCause() instanceof UnresolvedAddressException;
            String said = cause.getMessage() == null ? "" : cause.getMessage();
            String reason = unknownHost
                    ? "unknown host"
                    : cause instanceof HttpConnectTimeoutException
                            ? "timed out"
                            : said.isBlank() ? "connection refused" : said;
            throw new NotSent(reason, cause, false);
        }
        if (cause instanceof SSLException tlsFailure) {
            Optional<String> disagreement = tls.disagreement(target, tlsFailure);
            // a server that refuses a certificate has not looked at the request
            if (disagreement.isPresent() || cause instanceof SSLHandshakeException) {
                throw new NotSent(
                        disagreement.orElse("the TLS handshake failed (" + cause.getMessage() + ")"),
                        cause,
                        disagreement.isPresent());
            }
        }
        // what the JDK's limiting body subscriber says
        if (cause instanceof IOException && String.valueOf(cause.getMessage()).startsWith("body exceeds capacity")) {
            return new MillraceException(
                    MillraceException.ANSWER_TOO_LARGE,
                    "The answer is larger than this client's limit of " + answerBytesMax
                            + " bytes; ask for less, for instance with LIMIT",
                    cause);
        }
        if (cause instanceof IOException) {
            throw new Unanswered(cause.getMessage() == null ? "connection lost" : cause.getMessage(), cause);
        }
        if (cause instanceof Error error) {
            throw error;
        }
        return new MillraceException(MillraceException.UNEXPECTED_ANSWER, "The request failed: " + cause, cause);
    }

    private static MillraceException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new MillraceException(
                MillraceException.INTERRUPTED, "the thread was interrupted while it waited for an answer", cause);
    }

    private static URI redirect(HttpResponse<Answer> response, URI from) {
        String location = response.headers()
                .firstValue("Location")
                .orElseThrow(() -> JsonObject.unexpected("307 from " + from + " without Location", ""));
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException malformed) {
            throw JsonObject.unexpected("307 from " + from + " to something that is not an address", location);
        }
        boolean downgrade = "https".equals(from.getScheme()) && !"https".equals(to.getScheme());
        if (downgrade || to.getHost() == null) {
            throw JsonObject.unexpected(
                    "307 from " + from + " to a place that the token must not be sent to", location);
        }
        return to;
    }

    /// The server's words, or a description of whatever answered instead.
    public static MillraceException error(HttpResponse<Answer> response) {
        String text = response.body() instanceof Answer.Whole whole ? whole.text() : "";
        Duration retryAfter = response.headers()
                .firstValue("Retry-After")
                .filter(value ->
                        !value.isEmpty() && value.length() < 10 && value.chars().allMatch(Character::isDigit))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .orElse(null);
        Object value;
        try {
            value = Json.parse(text);
        } catch (Json.JsonException notJson) {
            value = null;
        }
        if (value instanceof Map<?, ?> map && map.get("error") instanceof String) {
            return error(JsonObject.of(map, text), response.statusCode(), retryAfter);
        }
        String excerpt = text.length() > 200 ? text.substring(0, 200) + "…" : text;
        return new MillraceException(
                MillraceException.UNEXPECTED_ANSWER,
                response.statusCode(),
                "HTTP status " + response.statusCode() + " from " + response.uri()
                        + " without a Millrace error in it; is this a Millrace node?"
                        + (excerpt.isBlank() ? "" : " It says: " + excerpt.strip()),
                null,
                null,
                null,
                retryAfter);
    }

    /// An error object, as an answer or in the middle of a stream.
    public static MillraceException error(JsonObject object, int status, @Nullable Duration retryAfter) {
        Position position = null;
        if (object.get("position") instanceof Map<?, ?> place) {
            JsonObject at = JsonObject.of(place, "");
            position = new Position((int) at.integerOr("line", 1), (int) at.integerOr("column", 1));
        }
        String code = object.text("error");
        String message = object.textOrNull("message");
        return new MillraceException(
                code,
                status,
                message == null ? code : message,
                position,
                object.textOrNull("hint"),
                object.textOrNull("request_id"),
                retryAfter);
    }

    private Optional<URI> place(Call call) {
        if (call.affinity() == null) {
            return isWrite(call) ? Optional.ofNullable(leader) : Optional.empty();
        }
        synchronized (places) {
            return Optional.ofNullable(places.get(call.affinity()));
        }
    }

    /// Statements are not writes here: most of them read, and may do so on any node.
    private static boolean isWrite(Call call) {
        return !call.method().equals("GET") && !call.pathAndQuery().startsWith("/v1/sql");
    }

    private void remember(Call call, URI target) {
        if (isWrite(call)) {
            leader = target.resolve("/");
        }
        if (call.affinity() != null) {
            synchronized (places) {
                places.put(call.affinity(), target.resolve("/"));
            }
        }
    }

    private void forget(Call call) {
        if (isWrite(call)) {
            leader = null;
        }
        if (call.affinity() != null) {
            synchronized (places) {
                places.remove(call.affinity());
            }
        }
    }

    /// UTF-8 bytes of a text.
    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// Closes connections; calls under way fail.
    @Override
    public void close() {
        closed = true;
        http.shutdownNow();
        executor.shutdownNow();
    }

    private static final class NotSent extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;
        private final boolean hopeless;

        /// @param hopeless whether another attempt at the same node would end the same
        NotSent(String reason, Throwable cause, boolean hopeless) {
            super(reason, cause);
            this.reason = reason;
            this.hopeless = hopeless;
        }
    }

    private static final class Unanswered extends Exception {
        private static final long serialVersionUID = 1L;
        private final String reason;

        Unanswered(String reason, Throwable cause) {
            super(reason, cause);
            this.reason = reason;
        }
    }
}
