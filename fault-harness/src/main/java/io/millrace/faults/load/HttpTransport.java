package io.millrace.faults.load;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// HTTP to the nodes as they are.
public final class HttpTransport implements Transport, AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(1);

    private final HttpClient http;
    private final Supplier<List<URI>> nodes;
    private final String token;

    /// @param nodes their addresses, by index; they may become more while it runs
    /// @param token sent with every request unless it is empty
    /// @param encryption for addresses that begin with `https`; null when there are none
    public HttpTransport(Supplier<List<URI>> nodes, String token, @Nullable SSLContext encryption) {
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT_TIMEOUT);
        if (encryption != null) {
            builder.sslContext(encryption);
        }
        this.http = builder.build();
        this.nodes = nodes;
        this.token = token;
    }

    @Override
    public Answer send(Request request) throws IOException, InterruptedException {
        HttpRequest.Builder builder = HttpRequest.newBuilder(
                        nodes.get().get(request.node()).resolve(request.path()))
                .timeout(request.timeout());
        if (!token.isEmpty()) {
            builder.header("Authorization", "Bearer " + token);
        }
        String body = request.body();
        builder.method(
                request.method(),
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        try {
            HttpResponse<String> response = http.send(builder.build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(
                    response.statusCode(),
                    response.body(),
                    response.headers().firstValue("location").orElse(""));
        } catch (ConnectException | HttpConnectTimeoutException notConnected) {
            throw new NotSentException(notConnected);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
