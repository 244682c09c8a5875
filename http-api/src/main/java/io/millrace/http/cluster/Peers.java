package io.millrace.http.cluster;

import io.millrace.http.json.JsonBuffer;
import io.millrace.http.json.JsonTree;
import io.millrace.http.json.MalformedJsonException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// How this node asks others. The client is made when it is first needed: a node by itself never does.
///
/// Threading: any; the methods that return an answer wait for it.
public final class Peers implements AutoCloseable {
    private static final Duration CONNECT_WITHIN = Duration.ofSeconds(2);
    private static final int ANSWER_BYTES_MAX = 64 << 20;

    private final String token;
    private final @Nullable SSLContext tls;
    private @Nullable HttpClient http; // guarded by this

    /// @param token shown to other nodes; empty for none
    /// @param tls with this node's certificate and those it believes; null for those that the JDK believes
    public Peers(String token, @Nullable SSLContext tls) {
        this.token = token;
        this.tls = tls;
    }

    /// Another node's answer.
    ///
    /// @param location where a redirect leads; null for other answers
    public record Reply(
            int status, Map<?, ?> body, @Nullable String location) {
        /// A field of the answer as text, or empty.
        public String text(String field) {
            Object value = body.get(field);
            return value == null ? "" : String.valueOf(value);
        }
    }

    synchronized HttpClient http() {
        HttpClient client = http;
        if (client == null) {
            HttpClient.Builder builder = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER)
                    .connectTimeout(CONNECT_WITHIN)
                    .executor(Executors.newVirtualThreadPerTaskExecutor());
            client = (tls == null ? builder : builder.sslContext(tls)).build();
            http = client;
        }
        return client;
    }

    /// Asks and waits.
    ///
    /// @param body JSON; null for none
    /// @throws IOException there is no answer, or not one of a node; the message says so for people
    public Reply ask(String method, String address, String path, @Nullable JsonBuffer body, Duration within)
            throws IOException {
        HttpRequest.Builder request = request(address, path).timeout(within);
        if (body == null) {
            request.method(method, HttpRequest.BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json");
            request.method(method, HttpRequest.BodyPublishers.ofByteArray(body.toBytes()));
        }
        HttpResponse<byte[]> response = send(
                address,
                request.build(),
                info -> HttpResponse.BodySubscribers.limiting(
                        HttpResponse.BodySubscribers.ofByteArray(), ANSWER_BYTES_MAX));
        String location = response.headers().firstValue("Location").orElse(null);
        byte[] answer = response.body();
        try {
            if (JsonTree.parse(answer, 0, answer.length) instanceof Map<?, ?> map) {
                return new Reply(response.statusCode(), map, location);
            }
        } catch (MalformedJsonException notOurs) {
            throw notANode(address, response.statusCode(), notOurs);
        }
        throw notANode(address, response.statusCode(), null);
    }

    private static IOException notANode(String address, int status, @Nullable Throwable cause) {
        return new IOException("%s answered status %d without JSON; is it a node?".formatted(address, status), cause);
    }

    /// Opens an answer's body; the caller closes it.
    ///
    /// @throws IOException there is no answer
    HttpResponse<InputStream> open(String address, String path, Duration headWithin) throws IOException {
        return send(
                address,
                request(address, path).timeout(headWithin).GET().build(),
                HttpResponse.BodyHandlers.ofInputStream());
    }

    /// Sends bytes without waiting. Completes exceptionally when there is no answer.
    CompletableFuture<HttpResponse<byte[]>> post(String address, String path, byte[] body, Duration within) {
        HttpRequest request = request(address, path)
                .timeout(within)
                .header("Content-Type", RemoteCopies.BYTES)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        return http().sendAsync(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    private HttpRequest.Builder request(String address, String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return request;
    }

    private <T> HttpResponse<T> send(String address, HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException {
        try {
            return http().send(request, handler);
        } catch (ConnectException | HttpConnectTimeoutException refused) {
            throw new IOException("nothing answers at " + address, refused);
        } catch (HttpTimeoutException late) {
            throw new IOException(
                    address + " did not answer within "
                            + request.timeout().orElse(CONNECT_WITHIN).toMillis() + " ms",
                    late);
        } catch (SSLException distrust) {
            throw new IOException("no TLS with %s: %s".formatted(address, distrust.getMessage()), distrust);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + address + " was asked", interrupted);
        }
    }

    /// A JSON error's message, or the status.
    static String reason(Reply reply) {
        String message = reply.text("message");
        return message.isEmpty() ? "status " + reply.status() : message;
    }

    @Override
    public synchronized void close() {
        HttpClient client = http;
        if (client != null) {
            client.shutdownNow();
        }
    }
}
