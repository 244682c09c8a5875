package io.millrace.http.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.http.Wire;
import io.millrace.http.tls.TestAuthority;
import io.millrace.http.tls.TestAuthority.Issued;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A node by itself that speaks HTTPS.
class TlsOverHttpTest {
    @TempDir
    static Path shared;

    private static TestAuthority authority;
    private static Issued client;
    private static Issued stranger;
    private static Path trusted;

    @TempDir
    Path folder;

    @BeforeAll
    static void makeCertificates() throws Exception {
        authority = TestAuthority.in(shared, "ours");
        trusted = shared.resolve("ca.pem");
        Files.writeString(trusted, authority.pem());
        client = authority.issue(shared, "client");
        stranger = TestAuthority.in(shared, "theirs").issue(shared, "stranger");
    }

    private Node start(String... options) throws Exception {
        Issued own = authority.issue(folder.resolve("certs"), "n1");
        List<String> all = new ArrayList<>(List.of(
                "tls.cert", own.certificate().toString(),
                "tls.key", own.key().toString(),
                "tls.ca", trusted.toString()));
        all.addAll(List.of(options));
        return TestNodes.start(folder.resolve("data"), all.toArray(String[]::new));
    }

    @Test
    void recordsGoInAndOutEncryptedOverOneConnection() throws Exception {
        try (Node node = start()) {
            assertThat(node.address().getScheme()).isEqualTo("https");
            String large = "x".repeat(3 << 20);
            try (Wire wire = TlsClients.wire(TlsClients.anonymous(trusted), node.address())) {
                SSLSocket socket = (SSLSocket) wire.socket();
                assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
                for (int i = 0; i < 3; i++) {
                    assertThat(wire.request("POST /broker/topics/t/produce?partition=0", large + i)
                                    .status())
                            .isEqualTo(200);
                }
                for (int i = 0; i < 3; i++) {
                    Wire.Answer answer = wire.request("GET /broker/consume/t/g/0?offset=" + i + "&limit=1", "");
                    assertThat(answer.status()).isEqualTo(200);
                    assertThat(answer.body()).contains(large + i);
                }
                Wire.Answer last = wire.request("GET /health", "", "Connection: close");
                assertThat(last.status()).isEqualTo(200);
                assertThat(wire.isClosed()).isTrue();
            }
            Wire.Answer metrics = TlsClients.wire(TlsClients.anonymous(trusted), node.address())
                    .request("GET /metrics", "");
            assertThat(metrics.body())
                    .contains("millrace_tls_certificate_seconds_left 2")
                    .contains("millrace_http_tls_handshakes_failed_total 0");
        }
    }

    @Test
    void webSocketsAreEncryptedTooAndEndInOrder() throws Exception {
        try (Node node = start();
                HttpClient http = HttpClient.newBuilder()
                        .sslContext(TlsClients.anonymous(trusted))
                        .build()) {
            CompletableFuture<String> heard = new CompletableFuture<>();
            CompletableFuture<Integer> closed = new CompletableFuture<>();
            WebSocket socket = http.newWebSocketBuilder()
                    .buildAsync(
                            URI.create(node.address().toString().replace("https:", "wss:") + "/v1/sql"),
                            new WebSocket.Listener() {
                                @Override
                                public @Nullable CompletionStage<?> onText(
                                        WebSocket from, CharSequence text, boolean last) {
                                    heard.complete(text.toString());
                                    from.request(1);
                                    return null;
                                }

                                @Override
                                public @Nullable CompletionStage<?> onClose(WebSocket from, int status, String reason) {
                                    closed.complete(status);
                                    return null;
                                }
                            })
                    .get(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
            socket.sendText("{\"id\":\"q\",\"sql\":\"SELECT 41 + 1 AS answer\"}", true)
                    .get(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
            assertThat(heard.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS)).contains("answer");
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(TestNodes.PATIENCE_S, TimeUnit.SECONDS);
            assertThat(closed.get(TestNodes.PATIENCE_S, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        }
    }

    @Test
    void tlsTwelveIsSpokenOlderOnesAreNotAndTheProtocolInItIsHttpOne() throws Exception {
        try (Node node = start()) {
            String host = node.address().getHost();
            int port = node.address().getPort();
            try (SSLSocket socket = TlsClients.socket(TlsClients.anonymous(trusted), host, port)) {
                socket.setEnabledProtocols(new String[] {"TLSv1.2"});
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.2");
                assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
                assertThat(new Wire(socket).request("GET /health", "").status()).isEqualTo(200);
            }
            for (int minor = 0; minor <= 2; minor++) { // SSL 3.0, TLS 1.0, TLS 1.1
                try (Socket socket = new Socket(host, port)) {
                    socket.setSoTimeout(60_000);
                    socket.getOutputStream().write(clientHello(minor));
                    DataInputStream in = new DataInputStream(socket.getInputStream());
                    int type = in.read();
                    // an alert, or nothing at all; never a ServerHello
                    assertThat(type).as("3." + minor).isIn(21, -1);
                    in.readAllBytes();
                }
            }
        }
    }

    /// A ClientHello of an older version with cipher suites of its time (RFC 2246 §7.4.1.2).
    private static byte[] clientHello(int minor) {
        byte[] suites = {(byte) 0xc0, 0x13, (byte) 0xc0, 0x09, 0x00, 0x2f, 0x00, 0x0a};
        int body = 2 + 32 + 1 + 2 + suites.length + 2;
        ByteBuffer hello = ByteBuffer.allocate(5 + 4 + body);
        hello.put((byte) 22).put((byte) 3).put((byte) Math.min(minor, 1)).putShort((short) (4 + body));
        hello.put((byte) 1).put((byte) 0).putShort((short) body);
        hello.put((byte) 3).put((byte) minor).put(new byte[32]);
        hello.put((byte) 0)
                .putShort((short) suites.length)
                .put(suites)
                .put((byte) 1)
                .put((byte) 0);
        return hello.array();
    }

    @Test
    void plainHttpIsToldWhatToDoAndAnythingElseIsClosed() throws Exception {
        try (Node node = start("http.head-timeout-ms", "1000")) {
            Wire.Answer answer = Wire.call(node.address(), "POST /broker/topics/t/produce", "x".repeat(100_000));
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).contains("\"error\":\"tls_required\"", "use https://", "request_id");
            try (Wire wire = new Wire(node.address())) {
                wire.send(new byte[] {0, 1, 2});
                assertThat(wire.isClosed()).isTrue();
            }
            try (Wire wire = new Wire(node.address())) {
                wire.send(new byte[] {22, 3, 1, 2}); // the rest of the handshake never comes
                long begun = System.nanoTime();
                assertThat(wire.isClosed()).isTrue();
                assertThat(System.nanoTime() - begun).isGreaterThan(700_000_000L);
            }
            TestNodes.await("three failures are counted", () -> {
                try (Wire wire = TlsClients.wire(TlsClients.anonymous(trusted), node.address())) {
                    return wire.request("GET /metrics", "")
                            .body()
                            .contains("millrace_http_tls_handshakes_failed_total 3\n");
                }
            });
        }
    }

    private static int status(SSLContext context, Node node) throws IOException {
        try (Wire wire = TlsClients.wire(context, node.address())) {
            return wire.request("GET /health", "").status();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "want", "need"})
    void clientsShowCertificatesAsTheSettingSays(String setting) throws Exception {
        try (Node node = start("tls.client-auth", setting)) {
            assertThat(status(TlsClients.showing(client, trusted), node)).isEqualTo(200);
            SSLContext foreign = TlsClients.showing(stranger, trusted);
            SSLContext anonymous = TlsClients.anonymous(trusted);
            if (setting.equals("none")) {
                assertThat(status(foreign, node)).isEqualTo(200);
            } else {
                assertThatThrownBy(() -> status(foreign, node)).isInstanceOf(IOException.class);
            }
            if (setting.equals("need")) {
                assertThatThrownBy(() -> status(anonymous, node)).isInstanceOf(IOException.class);
            } else {
                assertThat(status(anonymous, node)).isEqualTo(200);
            }
        }
    }

    @Test
    void aReplacedCertificateIsShownToNewConnectionsAndOldOnesGoOn() throws Exception {
        try (Node node = start()) {
            SSLContext context = TlsClients.anonymous(trusted);
            String host = node.address().getHost();
            int port = node.address().getPort();
            try (Wire old = TlsClients.wire(context, node.address())) {
                assertThat(old.request("GET /health", "").status()).isEqualTo(200);
                String before = TlsClients.shown(context, host, port);
                Issued next = authority.issue(folder.resolve("certs"), "n1");
                TestNodes.await("the new certificate is shown", () -> {
                    return !TlsClients.shown(context, host, port).equals(before);
                });
                assertThat(old.request("GET /health", "").status()).isEqualTo(200);

                String sound = TlsClients.shown(context, host, port);
                Files.writeString(next.certificate(), "garbled");
                TestNodes.await("readiness tells of the broken file", () -> {
                    try (Wire wire = TlsClients.wire(context, node.address())) {
                        Wire.Answer ready = wire.request("GET /ready", "");
                        assertThat(ready.status()).isEqualTo(200);
                        return ready.body().contains("has no certificate in PEM");
                    } catch (IOException failed) {
                        throw new java.io.UncheckedIOException(failed);
                    }
                });
                assertThat(TlsClients.shown(context, host, port)).isEqualTo(sound);
            }
        }
    }

    @Test
    void aStartThatIsRefusedLeavesNothingBehind() throws Exception {
        Path none = folder.resolve("none.pem");
        assertThatThrownBy(() -> start("tls.key", none.toString()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(none + " (tls.key) does not exist");
        try (Node node = start()) {
            assertThatThrownBy(() -> status(SSLContext.getDefault(), node)).isInstanceOf(SSLHandshakeException.class);
            assertThat(status(TlsClients.anonymous(trusted), node)).isEqualTo(200);
        }
    }
}
